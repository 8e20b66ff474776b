"""What stands in the books of either system, in a ledger or in a STATE: whoever changes it breaks those."""

from __future__ import annotations

from apbridge import words
from apbridge.ledger import UNIDENTIFIED, Status
from apbridge.ledger.doubt import ANSWERED, SENT, UNANSWERED
from apbridge.ledger.run_history import DIFFERENCES
from apbridge.ledger.tables import GENERATION, GENESIS
from apbridge.singer import OutcomeKind
from apbridge.singer.state import NOTE, UNFINISHED


def test_words_in_the_books_of_either_system_never_change() -> None:
    found = {name: value for name, value in vars(words).items() if name.isupper()}
    assert found == {
        "WITHDRAWN": "Withdrawn in NetSuite: ",
        "SETTLED_OTHERWISE": "it was settled otherwise",
        "ON_HOLD": "it is on payment hold",
        "VOID": "it is void",
        "STATUS": "its status is ",
        "APPROVAL": "its approval is ",
        "OF_NETSUITE": (
            "it was settled otherwise",
            "it is on payment hold",
            "it is void",
            "its status is ",
            "its approval is ",
        ),
        "POSTED": "AvidXchange payment ",
        "SUBMISSION": "upsert invoice",
        "CREDIT_SUBMISSION": "upsert credit",
    }


def test_words_in_a_ledger_never_change() -> None:
    assert [status.value for status in Status] == ["delivered", "waiting", "rejected", "ignored", "dismissed"]
    assert [kind.value for kind in OutcomeKind] == [
        "delivered",
        "unchanged",
        "ignored",
        "waiting",
        "rejected",
        "failed",
    ]
    assert (SENT, ANSWERED, UNANSWERED) == ("sent", "answered", "unanswered")
    assert UNIDENTIFIED == "unidentified-"
    assert DIFFERENCES == "differences of the last reconciliation"
    assert GENERATION == "generation"
    assert GENESIS == "0" * 64


def test_words_in_a_state_never_change() -> None:
    assert (NOTE, UNFINISHED) == ("apbridge", "unfinished")
