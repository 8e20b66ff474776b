"""Whoever can write to the ledger's database cannot make a run send what no system has said."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from apbridge.ledger import Ledger, Status
from apbridge.ledger.anchor import Anchor
from apbridge.ledger.audit import AuditTrail
from apbridge.ledger.dry_run import DryRunLedger
from apbridge.vault import RecordKeys
from tests.security.conftest import make_vault
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, state, vendor, vendor_name

if TYPE_CHECKING:
    from tests.cli.conftest import Apbridge
    from tests.singer.conftest import ToyContext


def keep(context: ToyContext) -> None:
    """Run once so that two bills wait for their vendor."""
    context.run([*SCHEMAS, bill(1), bill(2), state("t1")])


def payload(context: ToyContext, external_id: str) -> bytes:
    with Ledger(context.url) as ledger, ledger.database.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT payload FROM apbridge_records WHERE external_id = ?", (external_id,)
        )
        return bytes(found.scalar_one())


def put(context: ToyContext, external_id: str, content: bytes | str) -> None:
    """Write into the database past the program."""
    with Ledger(context.url) as ledger, ledger.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE apbridge_records SET payload = ? WHERE external_id = ?", (content, external_id)
        )


def seen(apbridge: Apbridge) -> str:
    """Return the name of what `vault seal` shows."""
    return str(json.loads(apbridge("vault", "seal", "--json").out)["seen"])


def assert_only_the_other_goes(context: ToyContext, caplog: pytest.LogCaptureFixture) -> None:
    """Run until the vendor is there: the first bill is refused by name, the second goes."""
    with caplog.at_level(logging.WARNING):
        done = context.run([*SCHEMAS, vendor(1), *READ[2:]])
    assert done.books.delivered == [vendor_name(1), bill_name(2)]
    row = context.row("bills", bill_name(1))
    assert (row.status, row.code, row.payload) == (Status.REJECTED, "APB-LED-014", None)
    assert bill_name(1) in str(row.says)
    assert "--full-refresh" in str(row.do)
    assert f"{row.says} {row.do} [APB-LED-014]" in caplog.text
    assert "bills 1 delivered, 1 rejected (first rejection: What the ledger keeps" in done.tally.sentence()
    # What is to be done helps.
    again = context.run([*SCHEMAS, bill(1), state("t2")])
    assert [record["total"] for _, record in again.books.calls] == [Decimal("10.10")]


def test_plain_content_in_place_of_a_sealed_record_is_not_sent(
    sealed: ToyContext, caplog: pytest.LogCaptureFixture
) -> None:
    keep(sealed)
    record = {**bill(1)["record"], "total": 9999.99, "lines": []}
    put(sealed, bill_name(1), json.dumps(record, default=str).encode())
    assert_only_the_other_goes(sealed, caplog)


@pytest.mark.parametrize("with_vault", [True, False])
def test_content_that_was_written_as_text_is_not_sent_and_stops_no_other(
    plain: ToyContext, apbridge: Apbridge, caplog: pytest.LogCaptureFixture, *, with_vault: bool
) -> None:
    if with_vault:
        make_vault()
    keep(plain)
    put(plain, bill_name(1), json.dumps(bill(1)["record"], default=str))
    if with_vault:
        assert json.loads(apbridge("vault", "seal", "--json").out)["records"] == []
    DryRunLedger(plain.url).close()
    assert_only_the_other_goes(plain, caplog)


def test_the_sealed_content_of_another_row_is_not_sent(
    sealed: ToyContext, caplog: pytest.LogCaptureFixture
) -> None:
    keep(sealed)
    put(sealed, bill_name(1), payload(sealed, bill_name(2)))
    assert_only_the_other_goes(sealed, caplog)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda found: found[:-1] + bytes([found[-1] ^ 1]), id="one bit"),
        pytest.param(lambda found: found[:25], id="cut"),
        pytest.param(lambda _: b"{" * 100_000, id="no JSON"),
    ],
)
def test_a_sealed_record_that_was_changed_is_not_sent(
    sealed: ToyContext, caplog: pytest.LogCaptureFixture, change: Callable[[bytes], bytes]
) -> None:
    keep(sealed)
    put(sealed, bill_name(1), change(payload(sealed, bill_name(1))))
    assert_only_the_other_goes(sealed, caplog)


def test_a_seal_holds_for_one_system_and_one_stream(sealed: ToyContext) -> None:
    sealed.run([*SCHEMAS, bill(1), state("t1")])
    with Ledger(sealed.url) as ledger:
        for system, stream in (("elsewhere", "bills"), ("toy", "invoices"), ("toy", "bills")):
            with ledger.database.writing() as connection:
                connection.exec_driver_sql(
                    "UPDATE apbridge_records SET system = ?, stream = ?", (system, stream)
                )
            (row,) = ledger.all_rows(system, stream)
            is_its_own = (system, stream) == ("toy", "bills")
            assert (row.refused, row.is_sendable) == (None if is_its_own else "APB-LED-014", is_its_own)


def test_what_another_vault_has_sealed_is_not_sent_and_named(
    sealed: ToyContext, caplog: pytest.LogCaptureFixture
) -> None:
    keep(sealed)
    theirs = RecordKeys([Fernet.generate_key().decode()])
    about = ("toy", "bills", bill_name(1))
    put(sealed, bill_name(1), theirs.seal(json.dumps(bill(1)["record"], default=str).encode(), *about))
    with pytest.raises(Exception, match="APB-SNG-017"), caplog.at_level(logging.WARNING):
        sealed.run([*SCHEMAS, vendor(1), *READ[2:]])
    assert sealed.last.books.delivered == [vendor_name(1), bill_name(2)]
    assert (sealed.row("bills", bill_name(1)).code, bill_name(1) in caplog.text) == ("APB-LED-013", True)


def test_without_a_vault_the_content_of_another_row_is_not_sent(
    plain: ToyContext, caplog: pytest.LogCaptureFixture
) -> None:
    keep(plain)
    put(plain, bill_name(1), payload(plain, bill_name(2)))
    assert_only_the_other_goes(plain, caplog)


def test_what_was_kept_before_the_vault_came_goes_once_a_person_has_sealed_it(
    plain: ToyContext, apbridge: Apbridge
) -> None:
    keep(plain)
    make_vault()
    for _ in range(2):
        assert plain.run([*SCHEMAS, vendor(1), *READ[2:]]).books.delivered in ([vendor_name(1)], [])
        assert "apbridge vault seal" in str(plain.row("bills", bill_name(1)).do)
        shown = apbridge("vault", "seal")
        assert (shown.code, bill_name(1) in shown.out, "10.10" in shown.out) == (0, True, True)
        assert apbridge("audit", "verify").code == 1
    done = json.loads(apbridge("vault", "seal", f"--yes={seen(apbridge)}", "--json").out)
    assert [(one["external_id"], one["vendor"]) for one in done["records"]] == [
        (bill_name(1), "1"),
        (bill_name(2), "1"),
    ]
    assert payload(plain, bill_name(1)).startswith(b"sealed:")
    assert "seal kept record" in apbridge("audit", "show", bill_name(1)).out
    assert apbridge("audit", "verify").code == 0
    assert plain.run(READ).books.delivered == [bill_name(1), bill_name(2)]
    nothing = json.loads(apbridge("vault", "seal", f"--yes={seen(apbridge)}", "--json").out)
    assert (nothing["sealed"], nothing["records"]) == (0, [])


@pytest.mark.parametrize("field", ["total", "vendor_id", "memo"])
def test_what_was_changed_since_it_was_shown_is_not_sealed(
    plain: ToyContext, apbridge: Apbridge, field: str
) -> None:
    keep(plain)
    make_vault()
    shown = seen(apbridge)
    assert f"apbridge vault seal --yes {shown}" in apbridge("vault", "seal").out
    put(plain, bill_name(1), json.dumps({**bill(1)["record"], field: "9"}, default=str).encode())
    ended = apbridge("vault", "seal", f"--yes={shown}")
    assert (ended.code, "APB-LED-019" in ended.err) == (2, True)
    assert not payload(plain, bill_name(2)).startswith(b"sealed:")
    assert apbridge("audit", "verify").code == 1
    assert apbridge("vault", "seal", f"--yes={seen(apbridge)}").code == 0


def test_only_what_was_sealed_is_counted(
    plain: ToyContext, apbridge: Apbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(plain)
    make_vault()
    shown = seen(apbridge)
    seal_trail = AuditTrail.seal

    def change_a_record_too(trail: AuditTrail) -> Anchor:
        put(plain, bill_name(1), b"{}")
        return seal_trail(trail)

    monkeypatch.setattr(AuditTrail, "seal", change_a_record_too)
    assert "1 record sealed" in apbridge("vault", "seal", f"--yes={shown}").out
    assert payload(plain, bill_name(1)) == b"{}"
