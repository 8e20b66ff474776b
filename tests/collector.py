"""A collector of traces on loopback: OTLP over HTTP, as OpenTelemetry's own definitions read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.waiting import PATIENCE

IN_ERROR = 2


@dataclass(frozen=True)
class Seen:
    """A span that came."""

    service: str
    span: Span

    @property
    def facts(self) -> dict[str, str | int]:
        """Its attributes."""
        return {one.key: one.value.string_value or one.value.int_value for one in self.span.attributes}


@dataclass
class Collector:
    """What came, and how to answer."""

    address: str = ""
    status: int = 200
    spans: list[Seen] = field(default_factory=list)
    texts: str = ""
    """All that came, as text."""
    may_answer: Event = field(default_factory=Event)
    """Not set, it holds back what comes."""

    def below(self, parent: Seen) -> list[Seen]:
        """Return the spans whose parent one is."""
        return [one for one in self.spans if one.span.parent_span_id == parent.span.span_id]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect until the block ends."""
    collector = Collector()
    collector.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.may_answer.wait(PATIENCE / 10)
            asked = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            collector.texts += str(asked)
            for resource in asked.resource_spans:
                named = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    collector.spans += [Seen(named["service.name"], one) for one in scope.spans]
            self.send_response(collector.status if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
