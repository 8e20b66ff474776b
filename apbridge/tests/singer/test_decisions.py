"""What a person decides about exceptions, and what the next runs make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apbridge.ledger import Ledger, Status
from apbridge_operator.exceptions import Exceptions
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, state, vendor

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext


def dismiss(context: ToyContext, name: str) -> None:
    with Ledger(context.url) as ledger:
        exceptions = Exceptions(ledger)
        assert exceptions.dismiss(exceptions.find(name), because="not ours", by="Ann", version="1") == 1


def ask_again(context: ToyContext, *names: str) -> None:
    with Ledger(context.url) as ledger:
        exceptions = Exceptions(ledger)
        for name in names:
            assert exceptions.ask_again(exceptions.find(name)) == 1


def test_a_dismissed_record_stays_so_until_it_changes(any_context: ToyContext) -> None:
    any_context.refused = {bill_name(7)}
    messages = [*SCHEMAS, vendor(1), bill(7), state("t1")]
    any_context.run(messages)
    dismiss(any_context, bill_name(7))
    any_context.refused = set()

    assert any_context.run(READ).tally.sentence() == "nothing to do"
    again = any_context.run(messages)
    assert again.books.calls == []
    assert any_context.row("bills", bill_name(7)).status is Status.DISMISSED

    changed = any_context.run([*SCHEMAS, bill(7, memo="corrected"), state("t2")])
    assert changed.books.delivered == [bill_name(7)]


def test_a_dismissed_record_that_is_not_valid_stays_so_too(context: ToyContext) -> None:
    messages = [*SCHEMAS, vendor(1), bill(7, total="ten"), state("t1")]
    context.run(messages)
    dismiss(context, bill_name(7))
    assert context.run(messages).tally.sentence() == "vendors 1 unchanged; bills 1 unchanged"
    assert context.run([*SCHEMAS, bill(7, total="nine")]).tally.sentence().startswith("bills 1 rejected")
    assert context.run([*SCHEMAS, bill(7)]).books.delivered == [bill_name(7)]


def test_a_dismissed_record_holds_no_bookmark_back(context: ToyContext) -> None:
    context.refused = {vendor(1)["record"]["external_id"]}
    context.run([*SCHEMAS, vendor(1, tax_id="12-3456789"), state("t1", "vendors")])
    assert context.states == [{"bookmarks": {}}]
    dismiss(context, vendor(1)["record"]["external_id"])
    context.run([*SCHEMAS, vendor(2), state("t2", "vendors")])
    assert context.states == [state("t2", "vendors")["value"]]


def test_what_was_asked_for_goes_first(any_context: ToyContext) -> None:
    any_context.refused = {bill_name(number) for number in range(1, 7)}
    any_context.run([*SCHEMAS, vendor(1), *(bill(number) for number in range(1, 7)), state("t1")])
    ask_again(any_context, bill_name(6), bill_name(4))
    any_context.refused = set()

    done = any_context.run(READ, lambda target: setattr(target, "batch", 2), concurrency=1)
    assert set(done.books.delivered[:2]) == {bill_name(4), bill_name(6)}
    assert len(done.books.delivered) == 6
    with Ledger(any_context.url) as ledger:
        assert list(ledger.all_rows("toy", "bills", asked=True)) == []
