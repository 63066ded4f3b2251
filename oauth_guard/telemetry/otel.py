"""OpenTelemetryMetrics: counts decisions for OpenTelemetry; needs the extra `otel`."""

from collections.abc import Callable, Iterator

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation, get_meter_provider
from opentelemetry.trace import get_current_span

from oauth_guard.guard import Guard
from oauth_guard.protocol.events import Decision
from oauth_guard.protocol.measurements import MEASUREMENTS

__all__ = ["OpenTelemetryMetrics"]

_ATTRIBUTES = ("resource", "outcome", "reason", "status", "issuer", "method")


class OpenTelemetryMetrics:
    """An observer that counts decisions, and adds them to the current span.

    The metrics are the counter `oauth_guard.decisions`, with the attributes `resource`,
    `outcome`, `reason`, `status`, `issuer` and `method`, the counter `oauth_guard.cache_hits`,
    with `resource` and `issuer`, and the histogram `oauth_guard.authentication.duration` in
    seconds, with `resource` and `cached`, of the requests whose token or proof was validated.
    The span has the attributes `oauth_guard.outcome`, `.reason`, `.issuer` and `.cached` of the
    last decision. An attribute without a value is left out.

    Of each guard that is given to `watch`, there is an asynchronous instrument
    `oauth_guard.<name>` for each of `MEASUREMENTS`, with the attributes `resource` and `issuer`.

    Args:
        provider: Provides the meter; the global one by default.
    """

    def __init__(self, provider: MeterProvider | None = None) -> None:
        meter = (provider or get_meter_provider()).get_meter("oauth_guard")
        self._decisions = meter.create_counter(
            "oauth_guard.decisions", unit="{decision}", description="Decisions about requests."
        )
        self._hits = meter.create_counter(
            "oauth_guard.cache_hits", unit="{request}", description="Requests that were cached."
        )
        self._guards: list[Guard] = []
        for name, (kind, description) in MEASUREMENTS.items():
            create = (
                meter.create_observable_gauge
                if kind == "gauge"
                else meter.create_observable_counter
            )
            create(f"oauth_guard.{name}", [self._reader(name)], description=description)
        self._seconds = meter.create_histogram(
            "oauth_guard.authentication.duration",
            unit="s",
            description="How long the guard took to authenticate a request.",
        )

    def __call__(self, decision: Decision) -> None:
        """Count *decision*."""
        values = zip(_ATTRIBUTES, decision, strict=False)
        attributes = {name: value for name, value in values if value is not None}
        self._decisions.add(1, attributes)
        if decision.cached:
            self._hits.add(1, {"resource": decision.resource, "issuer": decision.issuer or ""})
        if decision.cached is not None and decision.seconds is not None:
            kind: dict[str, str | bool] = {
                "resource": decision.resource,
                "cached": decision.cached,
            }
            self._seconds.record(decision.seconds, kind)
        span = get_current_span()
        if span.is_recording():
            for name in ("outcome", "reason", "issuer", "cached"):
                if (value := getattr(decision, name)) is not None:
                    span.set_attribute(f"oauth_guard.{name}", value)

    def watch(self, guard: Guard) -> None:
        """Export the state of *guard*, which is read at each collection."""
        self._guards.append(guard)

    def _reader(self, name: str) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def read(_: CallbackOptions) -> Iterator[Observation]:
            for guard in self._guards:
                for each in guard.measurements():
                    if each.name == name:
                        issuer = {} if each.issuer is None else {"issuer": each.issuer}
                        yield Observation(each.value, {"resource": guard.resource, **issuer})

        return read
