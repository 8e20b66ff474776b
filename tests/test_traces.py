"""What both programs of a run tell a collector of traces."""

from __future__ import annotations

from pathlib import Path

import pytest

from apbridge_sandbox.testing import Running, running
from tests.collector import Seen, collecting
from tests.pipeline import Pipe

TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAMES = {"tap-netsuite-ap": "NetSuite", "target-avidxchange": "AvidXchange"}


def personal(sandbox: Running) -> set[str]:
    """Return what no trace may hold: credentials, and what people are called and owe."""
    books = sandbox.books()["netsuite"]
    told = {str(value) for name, value in sandbox.credentials.items() if "TOKEN" in name or "SECRET" in name}
    told |= {one["entityid"] for one in books["vendors"]}
    # A short one may be anybody's id.
    return (
        told
        | {one["tranid"] for one in books["bills"] if len(one["tranid"]) > 6}
        | {one["total"] for one in books["bills"]}
    )


def test_run_stream_and_call_of_both_programs_in_one_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with running(vendors=3, bills=6) as sandbox, collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        monkeypatch.setenv("TRACEPARENT", f"00-{TRACE}-{ABOVE}-01")
        Pipe(sandbox, tmp_path).run_well()
        hidden = personal(sandbox)
    assert {one.span.trace_id.hex() for one in collector.spans} == {TRACE}
    roots = {one.service: one for one in collector.spans if one.span.parent_span_id.hex() == ABOVE}
    assert {name: root.span.name for name, root in roots.items()} == {name: name for name in NAMES}
    for name, root in roots.items():
        below = collector.below(root)
        streams = [one for one in below if "apbridge.system" not in one.facts]
        assert {one.span.name for one in streams} >= {"vendors", "gl_accounts", "bills"}
        calls = [call for one in streams for call in collector.below(one)]
        assert {call.facts["apbridge.system"] for call in calls} == {NAMES[name]}
        assert all(
            call.facts["http.response.status_code"] for call in calls if "error.type" not in call.facts
        )
        assert all(call.facts["apbridge.tries"] == 1 for call in calls)
        assert not [
            one for one in collector.spans if one.service == name and not is_in(one, below, calls, root)
        ]
    sent = [one.facts["apbridge.purpose"] for one in collector.spans if "apbridge.purpose" in one.facts]
    assert [one for one in sent if str(one).startswith("submit invoice netsuite-")]
    assert len(hidden) > 10
    assert not [one for one in hidden if one in collector.texts]
    assert "SELECT" not in collector.texts


def is_in(one: Seen, *some: list[Seen] | Seen) -> bool:
    return any(one in group if isinstance(group, list) else one is group for group in some)
