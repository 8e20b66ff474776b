"""Traces: what is told, to whom, and that no run depends on it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from threading import Thread

import pytest

from apbridge import tracing
from apbridge.errors import RejectedError
from tests.collector import IN_ERROR, Collector, collecting
from tests.waiting import until

VENDOR = "Abernathy and Daughters"
_NOTHING_CONFIGURED = """
import sys
from apbridge import tracing
with tracing.run("tap-x"), tracing.span("bills"), tracing.call("NetSuite", "GET", "read bills") as told:
    told["http.response.status_code"] = 200
print(*[name for name in sys.modules if name.startswith("opentelemetry")])
"""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    with collecting() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.address)
        yield made


def test_without_an_endpoint_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", _NOTHING_CONFIGURED], check=True, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_calls_are_for_the_stream_at_hand_whichever_thread_makes_them(collector: Collector):
    def called(system: str) -> None:
        with tracing.call(system, "POST", "read bills") as told:
            told["http.response.status_code"] = 200

    with tracing.run("tap-x"):
        called("before")
        with tracing.span("bills", **{"apbridge.records": 7}):
            thread = Thread(target=called, args=("inside",))
            thread.start()
            thread.join()
        called("after")
    (root,) = [one for one in collector.spans if not one.span.parent_span_id]
    assert (root.service, root.span.name) == ("tap-x", "tap-x")
    stream, *_ = [one for one in collector.below(root) if one.span.name == "bills"]
    assert stream.facts == {"apbridge.records": 7}
    assert {one.span.name for one in collector.below(root)} == {"POST before", "bills", "POST after"}
    (call,) = collector.below(stream)
    assert call.facts == {
        "apbridge.system": "inside",
        "apbridge.purpose": "read bills",
        "http.request.method": "POST",
        "http.response.status_code": 200,
    }


def test_the_trace_of_an_orchestrator_goes_on(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRACEPARENT", f"00-{'a' * 32}-{'b' * 16}-01")
    with tracing.run("tap-x"):
        pass
    (root,) = collector.spans
    assert (root.span.trace_id.hex(), root.span.parent_span_id.hex()) == ("a" * 32, "b" * 16)


@pytest.mark.parametrize(
    "failure", [RejectedError("APB-TAX-002", word="Bill", name=VENDOR, external_id="x"), KeyError(VENDOR)]
)
def test_of_an_error_a_code_is_told_and_no_word_of_it(collector: Collector, failure: Exception):
    with pytest.raises(type(failure)), tracing.run("tap-x"), tracing.span("bills"):
        raise failure
    assert {one.facts["error.type"] for one in collector.spans} == {getattr(failure, "code", "KeyError")}
    assert {one.span.status.code for one in collector.spans} == {IN_ERROR}
    assert VENDOR not in collector.texts


def test_where_it_is_not_installed_the_run_goes_on(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with tracing.run("tap-x"), tracing.span("bills"):
        pass
    assert [one[-13:] for one in caplog.messages] == ["[APB-TRC-001]"]
    assert collector.spans == []


def test_a_collector_that_takes_nothing_is_told_once_and_fails_nothing(
    collector: Collector, caplog: pytest.LogCaptureFixture
):
    collector.status = 400
    with tracing.run("tap-x"), tracing.span("bills"):
        pass
    assert [one[-13:] for one in caplog.messages] == ["[APB-TRC-003]"]


def test_the_end_of_a_run_does_not_wait_for_a_collector(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tracing, "_END_SECONDS", 0.01)
    collector.may_answer.clear()
    with tracing.run("tap-x"):
        pass
    # It is still at it, in the background.
    assert "apbridge-traces" in {thread.name for thread in threading.enumerate()}
    collector.may_answer.set()
    until(lambda: collector.spans)
