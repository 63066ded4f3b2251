"""A part is measured if it can be; names and kinds are those of a closed table."""

from collections.abc import Iterator

from oauth_guard.protocol.measurements import MEASUREMENTS, Measurement, measurements_of


class Measured:
    """A part with measurements."""

    def measurements(self) -> Iterator[Measurement]:
        """Yield one."""
        yield Measurement("revocations", 3)


def test_part_without_measurements_has_none() -> None:
    """An issuer of an operator's own need not have the method."""
    assert list(measurements_of(object())) == []
    assert list(measurements_of(None)) == []
    assert list(measurements_of(Measured())) == [("revocations", 3, None)]


def test_every_measurement_has_a_kind_and_a_description() -> None:
    """As the exporters need them; a counter gets its suffix there."""
    for name, (kind, description) in MEASUREMENTS.items():
        assert kind in {"gauge", "counter"}
        assert description.endswith(".")
        assert not name.endswith("_total")
