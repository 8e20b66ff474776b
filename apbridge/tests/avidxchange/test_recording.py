"""What is kept of answers: shapes and never values; and of what change somebody is told."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apbridge.avidxchange import recording
from apbridge.avidxchange.answer_drift import SeenAnswers
from apbridge.avidxchange.answer_places import ANY, EACH, AnswerPlaces
from apbridge.avidxchange.answer_shapes import AnswerShape, ShapeRules
from apbridge.avidxchange.checking import checked, unchecked
from apbridge.avidxchange.profile_files import files_of, shipped
from apbridge.avidxchange.recording import KEPT_AS, AnswerRecorder
from apbridge.errors import UnavailableError
from apbridge.http import NOT_JSON, Answer, AnswerKind
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory

from .conftest import Scripted

PAYMENT = {
    "id": "1",
    "status": "settled",
    "method": "check",
    "checkNumber": "100",
    "amount": 5,
    "modifiedAt": "2026-11-02T16:00:00Z",
    "allocations": [{"invoiceExternalId": "b-1", "amount": 5, "discount": 0}],
}


class Kept:
    """Keeps in memory what a ledger would."""

    def __init__(self) -> None:
        self.of: dict[str, Any] = {}

    def revise(self, changes: Mapping[str, Callable[[Any], Any]]) -> None:
        for name, change in changes.items():
            self.of[name] = change(self.of.get(name))

    def seen(self, operation: str = "payment.list", form: str = "answers") -> SeenAnswers:
        return SeenAnswers.of(self.of[recording.observation("avidconnect", operation, form)]["seen"])


@pytest.fixture
def kept() -> Kept:
    return Kept()


def told(kept: Kept, *bodies: Any, operation: str = "payment.list", status: int = 200) -> list[str]:  # noqa: ANN401
    """See answers in a run of their own; tell of what is news."""
    recorder = AnswerRecorder("avidconnect", kept.revise)
    kind = AnswerKind.DONE if status < 400 else AnswerKind.REFUSED
    for body in bodies:
        recorder.see(operation, status, Answer(kind, body=body))
    recorder.keep()
    return [f"{change.kind} {change.place} {change.now}".strip() for _, change in recorder.news]


def page(count: int = 1, without: str = "", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    one = {name: value for name, value in {**PAYMENT, **changes}.items() if name != without}
    return {"items": [one] * count, "nextCursor": None}


# Nothing but shapes

SECRETS = (
    "12-3456789",
    "jane.doe@acme.com",
    "Jane Doe",
    "Acme Plumbing LLC",
    "8c0e2b1e-7a0b-4a86-9d35-3b1f6a7f0d11",
    "netsuite-1234567_SB1-vendorbill-1",
    "021000021",
    "1234.56",
    "2026-11-02",
    "V10234",
    "Zürich",
    "s3cr3tT0ken",
    "Contoso",
    "O'Brien",
    "x" * 300,
)


def planted(secret: str) -> Any:  # noqa: ANN401
    """Return an answer whose every value and every unread key is a secret."""
    inner = {secret: secret, "by_vendor": {secret: {"amount": secret, secret: [secret, {secret: None}]}}}
    item = dict.fromkeys(PAYMENT, secret) | {"allocations": [{"amount": secret, secret: 1}], **inner}
    return {"items": [item, {**item, "status": 7}], "nextCursor": secret, "message": secret, **inner}


def test_of_what_is_planted_in_values_and_in_keys_nothing_is_in_the_ledger_or_in_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    place = tmp_path / "ledger.db"
    # A status is kept as it is where it looks like one; here only the looks of the others are tried.
    words = {secret for secret in SECRETS if secret.replace(" ", "").isalpha() and len(secret) < 40}
    with Ledger(f"sqlite:///{place}") as ledger:
        for name in shipped():
            recorder = AnswerRecorder(name, RunHistory(ledger).revise)
            operations = [*AnswerPlaces.of_profile(unchecked(files_of(name))).of, "other"]
            for secret in SECRETS:
                body = planted(secret)
                if secret in words:
                    for item in body["items"]:
                        item["status"] = item["method"] = "settled"
                for operation in operations:
                    for status, kind in ((200, AnswerKind.DONE), (422, AnswerKind.REFUSED)):
                        recorder.see(operation, status, Answer(kind, body=body))
                        recorder.see(operation, status, Answer(kind, body=[secret, body]))
                        recorder.see(operation, status, Answer(kind, body=secret))
                recorder.keep()
        assert len(RunHistory(ledger).recall_all(KEPT_AS)) > 50
    connection = sqlite3.connect(place)
    everything = "\n".join(connection.iterdump()) + caplog.text
    connection.close()
    assert [secret for secret in SECRETS if secret in everything] == []
    assert "allocations" in everything


@given(st.text(max_size=40))
def test_a_key_is_kept_only_where_the_profile_or_the_usual_words_have_it(key: str):
    rules = ShapeRules(AnswerPlaces.of_profile(unchecked(files_of("avidsuite"))))
    shape = AnswerShape(rules, (), {})
    shape.add({key: 1})
    (place,) = [place for place, _ in shape.places() if place]
    assert place == ((key,) if rules.is_name(key) else (ANY,))


@pytest.mark.parametrize(
    "key",
    [
        *SECRETS,
        "42",
        "2026-11",
        "11/02/2026",
        "+1 555 0100",
        "AB12CD",
        "total20261102",
        "",
        "a.b@c",
        "-",
        "_",
        "DE89370400440532013000",
    ],
)
def test_a_key_that_is_data_is_folded(key: str):
    assert not ShapeRules(AnswerPlaces.of_profile(unchecked(files_of("avidconnect")))).is_name(key)


@pytest.mark.parametrize(
    "key",
    ["status", "CheckNo", "updatedAt", "last_updated", "addressLine2", "@type", "HTTPStatus", "traceId"],
)
def test_the_name_of_a_field_is_kept(key: str):
    assert ShapeRules(AnswerPlaces.of_profile(unchecked(files_of("avidconnect")))).is_name(key)


def test_too_many_different_keys_are_data(kept: Kept):
    names = [f"{one}{other}" for one in ("paid", "sent", "due", "net") for other in _WORDS]
    told(kept, dict.fromkeys(names, 1))
    assert len(kept.seen().places) == 102  # the answer itself, 100 keys, and the rest as one
    assert kept.seen().places[ANY].keys == len(names) - 100


_WORDS = [
    *("Amount", "Date", "Time", "Count", "Total", "Code", "Type", "Name", "Number", "Status", "Id", "Ref"),
    *("Page", "Bank", "Card", "Cash", "Check", "Line", "List", "Memo", "Note", "Order", "Price", "Rate"),
    *("Role", "Row", "Rule", "Score", "Size", "Sum", "Tag", "Tax", "Team", "Term", "Text"),
]


def test_words_are_kept_of_statuses_and_methods_alone(kept: Kept):
    told(kept, page(memo="Secret", checkNumber="Secret"), page(status="at 12 Main St", method="x@y.z"))
    places = kept.seen().places
    assert {name: [*one.words] for name, one in places.items() if one.words} == {
        "items[].status": ["settled", "(other)"],
        "items[].method": ["check", "(other)"],
    }


def test_too_many_unknown_words_are_no_words(kept: Kept):
    told(kept, *(page(status=f"{one} {other}") for one in _WORDS for other in _WORDS))
    assert len(kept.seen().places["items[].status"].words) < 40


def test_too_many_unknown_words_are_no_words_over_many_runs_either(kept: Kept):
    names = [chr(ord("a") + one // 26) + chr(ord("a") + one % 26) for one in range(60)]
    news = [one for name in names for one in told(kept, page(status=f"paid by {name}"))]
    assert len(kept.seen().places["items[].status"].words) == 21
    assert len(news) == 21
    assert told(kept, page(status="settled")) == []
    assert "settled" in kept.seen().places["items[].status"].words


def test_what_is_kept_does_not_grow_without_end(kept: Kept):
    words = [
        "amount",
        "city",
        "code",
        "count",
        "date",
        "email",
        "name",
        "number",
        "phone",
        "status",
        "total",
        "type",
    ]
    keys = [f"{one}_{two}_{three}" for one in words for two in words for three in words]
    for begin in range(0, len(keys), 100):
        told(kept, {"others": dict.fromkeys(keys[begin : begin + 100], 1)})
    assert len(kept.seen().places) == 1000
    told(kept, page())
    assert "items[].amount" in kept.seen().places


def test_how_often_a_field_is_there_is_kept(kept: Kept):
    told(kept, page(), page(without="checkNumber"), page(method=None), page(voidedAt=None))
    presence = {name.removeprefix("items[]."): one.presence for name, one in kept.seen().places.items()}
    assert (presence["amount"], presence["checkNumber"]) == ("always", "sometimes")
    assert (presence["method"], presence["voidedAt"]) == ("sometimes null", "always null")


# What is told


def test_a_field_that_was_always_there_and_is_gone_is_told_once(kept: Kept):
    assert told(kept, page(20)) == []
    assert told(kept, page(3, without="amount", total=5)) == ["gone items[].amount absent"]
    assert told(kept, page(3, without="amount")) == []
    changes = {(one.kind, one.place): one for one in kept.seen().changes}
    assert changes.keys() == {("new", "items[].total"), ("gone", "items[].amount")}
    gone = changes["gone", "items[].amount"]
    assert (gone.before, gone.since) == (20, 6)
    assert gone.by == ["resources.payment.list.read.amount"]


@pytest.mark.parametrize(
    ("before", "since"),
    [
        (page(19), page(3, without="amount")),  # not enough is known of it
        (page(20), page(2, without="amount")),  # it may be those two
        ({"items": [*page(19)["items"], *page(1, without="amount")["items"]]}, page(9, without="amount")),
        (page(60), page(40, without="checkNumber")),  # a payment may have none
    ],
)
def test_no_wolf_is_cried(kept: Kept, before: object, since: object):
    assert told(kept, before) == []
    assert told(kept, since) == []


def test_invoices_that_people_enter_there_cry_no_wolf(kept: Kept):
    one = {"id": "1", "externalId": "b-1", "status": "approved", "total": 5, "modifiedAt": "2026-11-02"}
    by_hand = {**one, "externalId": None}
    told(kept, {"items": [one] * 199}, operation="invoice.list")
    assert told(kept, {"items": [by_hand] * 49}, operation="invoice.list") == []
    told(kept, {"items": [{**one, "status": None}] * 3}, operation="invoice.list")
    assert [change.place for change in kept.seen("invoice.list").changes] == ["items[].status"]


def test_what_something_else_stands_in_for_may_lack(tmp_path: Path):
    file = tmp_path / "ours.yaml"
    read = "{amount: amount || total, id: text(id)}"
    file.write_text(f"extends: avidconnect\nname: ours\nresources:\n  payment: {{list: {{read: {read}}}}}\n")
    places = AnswerPlaces.of_profile(checked(files_of(str(file)))[0]).of["payment.list"]
    lacking = {name: places["items", EACH, name].may_lack for name in ("amount", "total", "id", "status")}
    assert lacking == {"amount": True, "total": True, "id": False, "status": False}


def test_what_was_null_before_is_not_gone_and_what_is_null_since_is(kept: Kept):
    told(kept, page(20, voidedAt=None))
    assert told(kept, page(60, voidedAt=None, modifiedAt=None)) == ["gone items[].modifiedAt null"]


def test_what_a_record_may_lack_is_gone_after_many(kept: Kept):
    told(kept, page(200))
    assert told(kept, page(49, checkNumber=None)) == []
    assert told(kept, page(1, checkNumber=None)) == ["gone items[].checkNumber null"]


def test_it_adds_up_over_runs_of_one_record(kept: Kept):
    assert [told(kept, page()) for _ in range(20)] == [[]] * 20
    assert [told(kept, page(without="id")) for _ in range(4)] == [[], [], ["gone items[].id absent"], []]


def test_what_comes_back_is_said_to_be_back_and_is_not_gone_again(kept: Kept):
    told(kept, page(20))
    told(kept, page(3, without="amount"))
    told(kept, page())
    assert kept.seen().changes[0].back
    assert told(kept, page(9, without="amount")) == []


def test_what_is_accepted_is_told_no_more_and_what_came_back_for_good_may_be_gone_again(kept: Kept):
    told(kept, page(20))
    told(kept, page(3, without="amount"))
    name = recording.observation("avidconnect", "payment.list", "answers")
    seen = kept.seen()
    assert seen.accept(datetime(2026, 11, 2, tzinfo=timezone.utc)) == 1
    kept.of[name]["seen"] = seen.kept()
    assert told(kept, page(9, without="amount")) == []
    told(kept, page(2))
    assert told(kept, page(3, without="amount")) == []
    seen = kept.seen()
    assert seen.accept(datetime(2026, 11, 3, tzinfo=timezone.utc)) == 0
    kept.of[name]["seen"] = seen.kept()
    told(kept, page(20))
    assert told(kept, page(3, without="amount")) == ["gone items[].amount absent"]


def test_another_type_is_told(kept: Kept):
    assert told(kept, page(20, amount=5), page(20, amount=5.5)) == []
    assert told(kept, page(amount="5.00"), page(memo=1)) == ["type items[].amount string"]


def test_a_word_that_the_profile_knows_is_no_news_and_another_is_at_once(kept: Kept):
    assert told(kept, page(), page(status="voided")) == []
    assert told(kept, page(status="at_bank"), page(method="wire")) == [
        "word items[].status at_bank",
        "word items[].method wire",
    ]
    assert told(kept, page(status="at_bank")) == []


def test_credits_and_invoices_of_one_list_know_each_others_statuses(kept: Kept, tmp_path: Path):
    file = tmp_path / "ours.yaml"
    few = "{values: {Cancelled: null}}"
    file.write_text(
        f"extends: partner\nname: partner\nresources:\n  credit: {{list: {{read: {{status: {few}}}}}}}\n"
    )
    places = AnswerPlaces.of_profile(checked(files_of(str(file)))[0])
    recorder = AnswerRecorder(str(file), kept.revise)
    at = ("Invoices", EACH, "InvoiceStatus")
    invoices, memos = (places.of[f"{resource}.list"][at].words for resource in ("invoice", "credit"))
    assert invoices == memos
    body = {"Invoices": [{"InvoiceStatus": word} for word in sorted(invoices or ())]}
    for resource in ("invoice", "credit"):
        recorder.see(f"{resource}.list", 200, Answer(AnswerKind.DONE, body=body))
    recorder.keep()
    assert recorder.news == []


def test_pages_that_are_told_otherwise_are_told(kept: Kept):
    whole, last = {**page(10), "nextCursor": "c"}, page(4)
    told(kept, whole, whole, whole, last)
    assert told(kept, {"items": page(10)["items"], "cursor": "c"}) == []
    assert told(kept, {"items": page(10)["items"], "cursor": "c"}) == ["pages  none"]
    assert kept.seen().changes[0].by == ["resources.payment.list.next.cursor"]
    assert told(kept, {"items": page(10)["items"], "cursor": "c"}) == []
    assert kept.seen().changes[-1].since == 3


def test_pages_that_are_not_whole_cry_no_wolf(kept: Kept):
    told(kept, *[{**page(10), "nextCursor": "c"}] * 50)
    assert told(kept, *[{"items": page(9)["items"]}] * 50, {"items": []}, page(10)) == []
    assert told(kept, *[page(25)] * 50) == []


def test_a_link_that_is_written_otherwise_is_told(kept: Kept):
    recorder = AnswerRecorder("partner", kept.revise)
    links = [*["/v2/payments?page=2"] * 3, *["https://else.where/?page=2"] * 2]
    for link in links:
        body = {"Payments": [], "Paging": {"Links": [{"Rel": "next", "Href": link}]}}
        recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=body))
        recorder.keep()
    ((_, change),) = recorder.news
    assert (change.kind, change.was, change.now) == ("form", "from the root", "absolute")


def test_an_error_that_the_profile_finds_no_words_in_is_told(kept: Kept):
    usual = {"message": "No.", "errors": []}
    refused: dict[str, Any] = {"operation": "invoice.upsert", "status": 422}
    assert told(kept, usual, usual, **refused) == []
    assert told(kept, {"fault": {"text": "No."}}, **refused) == ["error  JSON of another form"]
    assert told(kept, {"fault": {}}, NOT_JSON, **refused) == []
    assert told(kept, NOT_JSON, operation="payment.list", status=403) == ["error  no JSON"]


def test_pictures_empty_answers_and_overloads_are_not_counted(kept: Kept):
    recorder = AnswerRecorder("avidconnect", kept.revise)
    for answer in (
        Answer(AnswerKind.DONE, body=b"%PDF"),
        Answer(AnswerKind.DONE),
        Answer(AnswerKind.BLOCKED, body={"message": "later"}),
        Answer(AnswerKind.BROKEN, body={"html": 1}),
    ):
        recorder.see("payment.list", 200, answer)
    recorder.keep()
    assert kept.of == {}


def test_a_profile_that_was_changed_for_it_ends_it(kept: Kept, tmp_path: Path):
    told(kept, page(20))
    told(kept, page(3, without="amount", total=5, status="at_bank"))
    assert [one.kind for one in kept.seen().changes] == ["word", "new", "gone"]
    file = tmp_path / "ours.yaml"
    file.write_text(
        "extends: avidconnect\nname: avidconnect\nresources:\n  payment:\n    list:\n      read:\n"
        "        amount: total\n        status: {values: {at_bank: issued}}\n"
    )
    recorder = AnswerRecorder(str(file), kept.revise)
    recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=page(without="amount", total=5)))
    recorder.keep()
    assert [one.kind for one in kept.seen().changes] == ["new"]


# How it is kept


def test_two_at_once_lose_nothing_of_each_other(new_url: Callable[[], str]):
    url = new_url()
    with Ledger(url) as one, Ledger(url) as other:
        recorders = [AnswerRecorder("avidconnect", RunHistory(ledger).revise) for ledger in (one, other)]

        def work(recorder: AnswerRecorder) -> None:
            for _ in range(20):
                recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=page(5)))
                recorder.keep()

        threads = [Thread(target=work, args=(recorder,)) for recorder in recorders for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (found,) = RunHistory(one).recall_all(KEPT_AS).values()
    seen = SeenAnswers.of(found.value["seen"])
    assert (seen.answers, seen.places["items[].amount"].values) == (80, 400)


def test_what_cannot_be_kept_ends_no_run_and_is_told_once(caplog: pytest.LogCaptureFixture):
    def lost(_: object) -> None:
        raise UnavailableError("APB-LED-002", ledger="it", problem="gone")

    recorder = AnswerRecorder("avidconnect", lost)
    for _ in range(3):
        recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=page()))
        recorder.keep()
    assert caplog.text.count("APB-AX-045") == 1


def test_what_another_version_has_kept_ends_no_run(kept: Kept, caplog: pytest.LogCaptureFixture):
    kept.of[recording.observation("avidconnect", "payment.list", "answers")] = {"seen": {"odd": 1}}
    assert told(kept, page()) == []
    assert "APB-AX-045" in caplog.text


def test_a_long_run_keeps_it_from_time_to_time(kept: Kept, monkeypatch: pytest.MonkeyPatch):
    recorder = AnswerRecorder("avidconnect", kept.revise)
    monkeypatch.setattr(recording, "monotonic", lambda: 1e12)
    recorder.see("payment.list", 200, Answer(AnswerKind.DONE, body=page()))
    assert kept.seen().answers == 1


@pytest.fixture
def watched(server: Scripted, kept: Kept) -> Iterator[Any]:
    recorder = AnswerRecorder("avidconnect", kept.revise)
    with server.client() as client:
        client.session._watch = recorder.see
        yield client, recorder


def test_each_call_is_known_by_its_operation(server: Scripted, kept: Kept, watched: Any):  # noqa: ANN401
    client, recorder = watched
    server.answer = lambda asked: (200, {"items": [], "id": "1", "externalId": "v-1", "path": asked.path})
    client.check()
    list(client.shown("vendor"))
    record = {"external_id": "v-1", "number": "V1", "name": "Vendor", "is_active": True}
    client.submit(client.upsertion("vendor", record))
    server.answer = lambda _: (403, {"message": "No."})
    with pytest.raises(Exception, match="No"):
        client.check()
    recorder.keep()
    names = [name.removeprefix(f"{KEPT_AS}avidconnect: ") for name in kept.of]
    assert names == ["check: answers", "vendor.list: answers", "vendor.upsert: answers", "check: HTTP 403"]
