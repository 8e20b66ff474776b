"""What answers as the RESTlet may be anything: it is read before it counts, and said in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.errors import APBridgeError, OutcomeUnknownError, UnavailableError
from apbridge.http import Idempotency, retry
from apbridge.netsuite import restlet

if TYPE_CHECKING:
    from apbridge.netsuite import NetSuite
    from tests.conftest import AnswerScript

SCRIPT = Path(__file__).parents[3] / "suitescript/src/FileCabinet/SuiteScripts/apbridge/apbridge_restlet.js"
FILE = {
    "bill": "12",
    "id": "77",
    "name": "bill.pdf",
    "type": "PDF",
    "size": 2048,
    "modified": "2026-11-01T09:30:00Z",
}
READS: dict[str, Callable[[Any], Any]] = {
    "version": restlet.version,
    "try": restlet.trial,
    "permissions": restlet.permissions,
    "files": partial(restlet.listing, bills=["12"]),
    "changed": restlet.changes,
    "content": restlet.content,
    "void": partial(restlet.voided, payment="99"),
}
OTHER = [
    [],
    {},
    "done",
    7,
    {"files": {}, "bills": {}, "version": 2, "content": ["JVBERg=="], "payment": 99, "voidedBy": "99"},
    {"files": None, "bills": None, "version": None, "content": None, "payment": None, "voidedBy": None},
    {"files": [[]], "bills": [[]], "content": "no base64!", "payment": "98", "voidedBy": "98"},
    {"files": ["77"], "bills": [{"bill": "12"}], "content": "JVB", "payment": "99"},
    {"files": [{**FILE, "bill": "13", "size": None}], "bills": [{"bill": "x", "modified": FILE["modified"]}]},
    {"files": [{**FILE, "bill": 12}], "bills": [{"bill": "12", "modified": "1 Nov 2026 9:30 am"}]},
    {"error": None},
]


def ask(netsuite: NetSuite, action: str) -> Any:  # noqa: ANN401
    write = Idempotency.ONCE if action == "void" else Idempotency.READ
    return netsuite.restlet(
        {"action": action}, reads=READS[action], purpose=f"{action} it", idempotency=write
    )


def check(found: APBridgeError, action: str) -> None:
    for named in ("customscript_x", "customdeploy_x", f"{action} it", "restlet_script", "suitescript/"):
        if found.code != "APB-NS-031" or named != "suitescript/":
            assert named in str(found)
    assert "\n" not in str(found)


def test_the_version_expected_is_the_scripts_and_so_is_how_many_files_it_takes():
    source = SCRIPT.read_text(encoding="utf-8")
    assert re.findall(r"const VERSION = '([^']+)'", source) == [restlet.VERSION]
    assert re.findall(r"const MOST_FILES = (\d+)", source) == [str(restlet.MOST_FILES)]


@pytest.mark.parametrize("answer", OTHER, ids=repr)
@pytest.mark.parametrize("action", READS)
def test_an_answer_of_another_shape_is_one_sentence(
    script: AnswerScript, netsuite: NetSuite, action: str, answer: object
):
    script.then(200, answer)
    with pytest.raises(OutcomeUnknownError if action == "void" else UnavailableError) as caught:
        ask(netsuite, action)
    check(caught.value, action)
    assert caught.value.code == ("APB-NS-032" if action == "void" else "APB-NS-030")
    # Asking a script again that is another one changes nothing.
    assert len(script.asked) == 1 + 1


@pytest.mark.parametrize("answer", [b"null", b"", b"<html>Log in</html>", b'{"files": ['])
@pytest.mark.parametrize("action", READS)
def test_an_answer_that_cannot_be_read_is_one_sentence(
    script: AnswerScript, netsuite: NetSuite, monkeypatch: pytest.MonkeyPatch, action: str, answer: bytes
):
    monkeypatch.setattr(retry, "GIVE_UP_AFTER", 0.0)
    script.forever(200, answer)
    with pytest.raises(OutcomeUnknownError if action == "void" else UnavailableError) as caught:
        ask(netsuite, action)
    check(caught.value, action)
    assert "HTTP 200" in str(caught.value)


def test_what_is_told_of_one_bills_file_stays_with_that_bill():
    told = restlet.listing({"files": [FILE, {**FILE, "id": 78}, {"bill": "34"}]}, ["12", "34"])
    assert [file.id for file in told.files["12"]] == ["77"]
    assert [one.name for one in told.unreadable["12"]] == ["bill.pdf"]
    (other,) = told.unreadable["34"]
    assert (other.id, other.name) == ("?", "?")
    assert "`id`" in other.problem


@pytest.mark.parametrize("answer", [[], {}, "done", 7, {"files": {}}, {"files": None}])
def test_several_files_that_are_no_list_are_one_sentence(
    script: AnswerScript, netsuite: NetSuite, answer: object
):
    script.then(200, answer)
    with pytest.raises(UnavailableError) as caught:
        netsuite.restlet({"action": "contents"}, reads=restlet.contents, purpose="contents it")
    check(caught.value, "contents")
    assert caught.value.code == "APB-NS-030"


def test_of_several_files_what_is_told_otherwise_counts_as_not_told():
    good = {"id": "77", "content": "JVBERg==", "size": 4}
    failed = {"id": "78", "failed": {"code": "X", "message": "It is gone."}}
    others = [[], "77", {"content": "JVBERg=="}, {"id": 79}]
    others += [{"id": "80", "content": 7}, {"id": "81", "failed": "no"}]
    told = restlet.contents({"files": [*others, good, failed, {"id": "82", "left": True}]})
    assert [one.id for one in told] == ["77", "78", "82"]
    assert told[0].decoded() == b"%PDF"
    assert told[1].failed == restlet.Refusal("X", "It is gone.")
    assert (told[2].content, told[2].failed) == (None, None)
    with pytest.raises(ValueError, match="its content is not base64"):
        restlet.Given("77", content="12-3456789!").decoded()
    with pytest.raises(ValueError, match="its content is empty"):
        restlet.content({"content": ""})


def test_no_sentence_quotes_what_came(script: AnswerScript, netsuite: NetSuite):
    script.then(200, {"content": "12-3456789!"})
    with pytest.raises(UnavailableError) as caught:
        ask(netsuite, "content")
    assert "12-3456789" not in str(caught.value)
