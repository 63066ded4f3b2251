"""OpenTelemetryMetrics: counts decisions for OpenTelemetry; needs the extra `otel`."""

from opentelemetry.metrics import MeterProvider, get_meter_provider
from opentelemetry.trace import get_current_span

from oauth_guard.protocol.events import Decision

__all__ = ["OpenTelemetryMetrics"]

_ATTRIBUTES = ("resource", "outcome", "reason", "status", "issuer", "method")


class OpenTelemetryMetrics:
    """An observer that counts decisions, and adds them to the current span.

    The metrics are the counter `oauth_guard.decisions`, with the attributes `resource`,
    `outcome`, `reason`, `status`, `issuer` and `method`, and the histogram
    `oauth_guard.authentication.duration` in seconds, with `resource` and `cached`. The span has
    the attributes `oauth_guard.outcome`, `.reason`, `.issuer` and `.cached` of the last decision.
    An attribute without a value is left out.

    Args:
        provider: Provides the meter; the global one by default.
    """

    def __init__(self, provider: MeterProvider | None = None) -> None:
        meter = (provider or get_meter_provider()).get_meter("oauth_guard")
        self._decisions = meter.create_counter(
            "oauth_guard.decisions", unit="{decision}", description="Decisions about requests."
        )
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
