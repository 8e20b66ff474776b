"""Traces for OpenTelemetry: a run, its streams, their calls. Nothing is loaded without an endpoint.

An attribute holds ids, names of streams and systems, numbers and codes, and nothing else: no name, no amount,
no address and no text of a query. Who reads traces is not who may read bills.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING

from apbridge.errors import APBridgeError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Span, Tracer

logger = logging.getLogger(__name__)

Attribute = str | int

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PARENT = "TRACEPARENT"
_LIBRARY = "opentelemetry"
_EXPORT_SECONDS = 5
"""How long one delivery to the collector may take; it is made in another thread."""
_END_SECONDS = 2.0
"""How long the end of a run waits for the last one."""
_HELD = 2048
"""Spans that wait for the collector at most: what is more is dropped."""


class _Tracing:
    """What this process has begun to trace."""

    def __init__(self, tracer: Tracer, provider: TracerProvider) -> None:
        self.tracer = tracer
        self.provider = provider
        self.at_hand: list[Span] = []
        """The run, and the stream that is dealt with: what calls are for, whichever thread makes them."""


_tracing: _Tracing | None = None


@contextmanager
def run(plugin: str) -> Iterator[None]:
    """Trace a run of a plugin, where an endpoint is configured.

    A trace that the variable `TRACEPARENT` names, as an orchestrator may set it, goes on in it.
    """
    global _tracing  # noqa: PLW0603 - one process is one run
    _tracing = _begun(plugin)
    if _tracing is None:
        yield
        return
    try:
        with span(plugin):
            yield
    finally:
        provider, _tracing = _tracing.provider, None
        # In a thread that nobody waits for at last: a collector that does not answer is no matter of the run.
        last = Thread(target=provider.shutdown, name="apbridge-traces", daemon=True)
        last.start()
        last.join(_END_SECONDS)


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """Trace a part of the run; the calls inside are for it.

    Args:
        name: What it is: a stream's name.
        attributes: Ids, numbers and codes.
    """
    tracing = _tracing
    if tracing is None:
        yield
        return
    with _traced(tracing, name, attributes) as one:
        tracing.at_hand.append(one)
        try:
            yield
        finally:
            tracing.at_hand.remove(one)


@contextmanager
def call(system: str, method: str, purpose: str) -> Iterator[dict[str, Attribute]]:
    """Trace a call. What is put into the mapping while it is made is told with it.

    Args:
        system: Where to.
        method: The HTTP method.
        purpose: What it is for: our own words, and ids.
    """
    found: dict[str, Attribute] = {}
    tracing = _tracing
    if tracing is None:
        yield found
        return
    attributes: dict[str, Attribute] = {
        "apbridge.system": system,
        "apbridge.purpose": purpose,
        "http.request.method": method,
    }
    with _traced(tracing, f"{method} {system}", attributes, is_call=True) as one:
        try:
            yield found
        finally:
            one.set_attributes(found)


@contextmanager
def _traced(
    tracing: _Tracing, name: str, attributes: dict[str, Attribute], *, is_call: bool = False
) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context  # noqa: PLC0415

    # In one step: a call may be under way while the stream ends.
    at_hand = tracing.at_hand[-1:]
    above = set_span_in_context(at_hand[0]) if at_hand else _parent()
    kind = SpanKind.CLIENT if is_call else SpanKind.INTERNAL
    one = tracing.tracer.start_span(name, above, kind, attributes)
    try:
        yield one
    except BaseException as failure:
        # Its sentence may hold what a vendor is called; the code says what it is.
        code = failure.code if isinstance(failure, APBridgeError) else type(failure).__name__
        one.set_attribute("error.type", code)
        one.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        one.end()


def _parent() -> Context:
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier = {"traceparent": os.environ.get(_PARENT, "")}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _begun(plugin: str) -> _Tracing | None:
    """Begin to trace; None where nobody asks for it, or cannot be told."""
    if not any(os.environ.get(one) for one in _ENDPOINTS):
        return None
    # What it logs may hold the collector's address, and that a password.
    logging.getLogger(_LIBRARY).setLevel(logging.CRITICAL)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult  # noqa: PLC0415

        class Exporter(OTLPSpanExporter):
            """Logs once that the collector takes nothing."""

            is_told = False

            def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
                result = super().export(spans)
                if result is not SpanExportResult.SUCCESS and not self.is_told:
                    self.is_told = True
                    logger.warning("%s", APBridgeError("APB-TRC-003"))
                return result

        release = version("apbridge")
        resource = Resource.create({"service.name": plugin, "service.version": release})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = Exporter(timeout=_EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=_HELD))
    except ImportError:
        logger.warning("%s", APBridgeError("APB-TRC-001"))
    except Exception as failure:  # noqa: BLE001 - whatever a variable of the library's says, the run goes on
        logger.warning("%s", APBridgeError("APB-TRC-002", kind=type(failure).__name__))
    else:
        return _Tracing(provider.get_tracer("apbridge", release), provider)
    return None
