"""Whoever can write to the ledger's database cannot make the audit trail say what was never written."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, delete, select, update

from apbridge.errors import SettingError
from apbridge.ledger import Ledger, Run
from apbridge.ledger.audit import _hash
from apbridge.ledger.tables import GENERATION, GENESIS, audit, audit_head, identity
from apbridge_operator.console.serve import report
from apbridge_operator.notices import due
from apbridge_operator.schedules import Silence
from tests.security.conftest import make_vault
from tests.singer.messages import READ, SCHEMAS, bill, bill_name, state, vendor

if TYPE_CHECKING:
    from tests.cli.conftest import Apbridge
    from tests.singer.conftest import ToyContext

END = re.compile(r"[Tt]he audit trail end(?:s|ed) with (\d+:[0-9a-f]{64})")


def write(run: Run, number: int) -> None:
    with run.audited(system="toy", operation="put", external_id=f"b-{number}", body={"n": number}) as answer:
        answer.status = 200


def fill(url: str) -> None:
    """Put eight rows on the trail."""
    with Ledger(url) as ledger:
        run = ledger.start_run("target-toy", "1.0")
        for number in range(4):
            write(run, number)


def go_on(url: str) -> None:
    with Ledger(url) as ledger:
        write(ledger.start_run("target-toy", "1.0"), 99)


def set_head(connection: Connection) -> None:
    """Let the head say where the trail ends; its seal stays what it was."""
    last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    seq, found = last or (0, GENESIS)
    connection.execute(update(audit_head).values(seq=seq, hash=found))


def cut_the_tail(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM apbridge_audit WHERE seq > 4")
    set_head(connection)


def delete_all(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM apbridge_audit")
    set_head(connection)


def delete_all_and_the_seal(connection: Connection) -> None:
    delete_all(connection)
    connection.execute(update(audit_head).values(seal=None))


def rewrite_all(connection: Connection) -> None:
    previous = GENESIS
    for row in connection.execute(select(audit).order_by(audit.c.seq)).mappings().all():
        forged = {**row, "actor": "somebody else", "previous": previous}
        previous = _hash(forged)
        there = update(audit).where(audit.c.seq == row["seq"])
        connection.execute(there.values(actor=forged["actor"], previous=forged["previous"], hash=previous))
    set_head(connection)


def lose_a_row(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM apbridge_audit WHERE seq = 2")


def delete_the_head(connection: Connection) -> None:
    connection.execute(delete(audit_head))


def delete_the_generation(connection: Connection) -> None:
    connection.execute(delete(identity).where(identity.c.name == GENERATION))


Attack = Callable[[Connection], None]
ATTACKS = [cut_the_tail, delete_all, delete_all_and_the_seal, rewrite_all]


def attack(url: str, done: Attack) -> None:
    with Ledger(url) as ledger, ledger.database.writing() as connection:
        for trigger in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER apbridge_audit_no_{trigger}")
        done(connection)


@pytest.mark.parametrize("done", ATTACKS)
def test_a_trail_that_was_cut_deleted_or_rewritten_does_not_end_with_the_vaults_seal(
    sealed: ToyContext, apbridge: Apbridge, done: Attack
) -> None:
    fill(sealed.url)
    assert apbridge("audit", "verify").code == 0
    attack(sealed.url, done)
    ended = apbridge("audit", "verify")
    assert (ended.code, "not sealed with this vault" in ended.out) == (1, True)
    # The next run does not make good what somebody else has made.
    go_on(sealed.url)
    assert apbridge("audit", "verify").code == 1


def test_a_trail_without_its_head_is_named_and_nothing_is_sent(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    fill(sealed.url)
    attack(sealed.url, delete_the_head)
    found = json.loads(apbridge("audit", "verify", "--json").out)
    assert (found["rows"], found["broken_at"], found["head"]) == (8, 9, None)
    ended = apbridge("audit", "verify")
    assert (ended.code, "the head of the trail, which says where it ends, is missing" in ended.out) == (
        1,
        True,
    )
    assert "APB-LED-017" in apbridge("audit", "anchor", "--output=anchor.json").err
    with pytest.raises(SettingError, match="APB-LED-017"):
        go_on(sealed.url)
    with pytest.raises(SettingError, match="APB-LED-017"):
        sealed.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert sealed.last.books.delivered == []


def test_a_ledger_that_nothing_tells_from_others_takes_no_write(plain: ToyContext) -> None:
    fill(plain.url)
    attack(plain.url, delete_the_generation)
    with pytest.raises(SettingError, match="APB-LED-017"):
        plain.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    assert plain.last.books.delivered == []


def test_a_trail_that_is_older_than_the_vault_is_accused_of_no_wrong_row(
    plain: ToyContext, apbridge: Apbridge
) -> None:
    fill(plain.url)
    end = json.loads(apbridge("audit", "verify", "--json").out)["head"]
    make_vault()
    ended = apbridge("audit", "verify", f"--expect={end}")
    assert (ended.code, "is wrong" in ended.out, "APB-LED-018" in ended.out) == (1, False, True)
    assert "apbridge vault seal" in ended.out
    found = json.loads(apbridge("audit", "verify", "--json").out)
    assert (found["rows"], found["broken_at"], found["is_sealed"], found["head"]) == (8, None, False, end)
    missing = apbridge("audit", "verify", f"--expect=9:{'0' * 64}")
    assert (missing.code, "Row 9 of the trail is wrong: it is missing" in missing.out) == (1, True)


@pytest.mark.parametrize("done", ATTACKS)
def test_a_trail_that_was_cut_deleted_or_rewritten_lacks_an_anchor_that_was_kept_elsewhere(
    plain: ToyContext, apbridge: Apbridge, done: Attack
) -> None:
    fill(plain.url)
    kept = json.loads(apbridge("audit", "verify", "--json").out)["head"]
    assert apbridge("audit", "verify", f"--expect={kept}").code == 0
    attack(plain.url, done)
    assert apbridge("audit", "verify").code == 0  # without a vault, only what was kept elsewhere tells
    assert apbridge("audit", "verify", f"--expect={kept}").code == 1
    go_on(plain.url)
    assert apbridge("audit", "verify", f"--expect={kept}").code == 1


def test_an_old_copy_of_the_ledger_lacks_an_anchor_that_was_kept_elsewhere(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    file, copy = sealed.folder / ".apbridge/ledger.db", sealed.folder / "copy.db"
    fill(sealed.url)
    shutil.copy(file, copy)
    go_on(sealed.url)
    assert apbridge("audit", "anchor", "--output=anchor.json").code == 0
    assert apbridge("audit", "verify", "--expect=anchor.json").code == 0
    for left in file.parent.glob("ledger.db*"):
        left.unlink()
    shutil.copy(copy, file)
    assert apbridge("audit", "verify").code == 0
    ended = apbridge("audit", "verify", "--expect=anchor.json")
    assert (ended.code, "Row 9 of the trail is wrong: it is missing" in ended.out) == (1, True)
    go_on(sealed.url)
    assert apbridge("audit", "verify", "--expect=anchor.json").code == 1


def test_a_head_that_the_vault_has_sealed_for_another_ledger_is_none(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    Ledger(sealed.url).close()
    apbridge("audit", "anchor", "--output=anchor.json")
    with Ledger(f"sqlite:///{sealed.folder}/other.db") as other, other.database.reading() as connection:
        theirs = connection.execute(select(audit_head.c.seal)).scalar_one()
    with Ledger(sealed.url) as ledger, ledger.database.writing() as connection:
        connection.execute(update(audit_head).values(seal=theirs))
    assert apbridge("audit", "verify").code == 1
    (sealed.folder / "other.db").replace(sealed.folder / ".apbridge/ledger.db")
    assert apbridge("audit", "verify").code == 0
    assert "another ledger's" in apbridge("audit", "verify", "--expect=anchor.json").out


@pytest.mark.parametrize("value", ["1:abc", "missing.json", "list.json", "cut.json"])
def test_what_is_no_anchor_is_said_to_be_none(sealed: ToyContext, apbridge: Apbridge, value: str) -> None:
    Ledger(sealed.url).close()
    Path("list.json").write_text("[1]")
    Path("cut.json").write_text('{"seq": 1, "hash": "00", "ledger": "x"}')
    ended = apbridge("audit", "verify", f"--expect={value}")
    assert (ended.code, "APB-LED-015" in ended.err) == (2, True)


def test_where_the_trail_ends_goes_out_with_each_run_notice_and_report(
    sealed: ToyContext, apbridge: Apbridge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        sealed.run([*SCHEMAS, vendor(1), state("t1", "vendors")])
    with Ledger(sealed.url) as ledger:
        told = [
            caplog.messages[-1],
            *(one.says for one in due(ledger, None, Silence())),
            report(ledger, None, Silence()),
        ]
    assert len(told) == 4  # nothing has run in either direction
    ends = [END.search(text) for text in told]
    assert {end and end[1].partition(":")[0] for end in ends} == {"2"}
    for end in ends:
        assert end
        assert apbridge("audit", "verify", f"--expect={end[1]}").code == 0


def test_a_head_is_sealed_from_the_first_row_on_and_under_a_new_key(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    for number in (1, 2):
        sealed.run([*SCHEMAS, vendor(number), *READ[2:]])
        assert apbridge("vault", "rotate-key").code == 0
        assert apbridge("audit", "verify").code == 0


def test_a_process_that_was_open_while_the_key_was_changed_goes_on_under_the_new_one(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    fill(sealed.url)
    with Ledger(sealed.url) as before:
        run = before.start_run("target-toy", "1.0")
        assert apbridge("vault", "rotate-key").code == 0
        sealed.run([*SCHEMAS, bill(1), state("t1")])
        go_on(sealed.url)  # signs with the new key
        assert before.rows("toy", "bills", [bill_name(1)])[bill_name(1)].is_sendable
        write(run, 5)
        assert apbridge("audit", "verify").code == 0


def test_a_process_that_finds_a_new_key_on_the_trail_or_a_record_alone_knows_it(
    sealed: ToyContext, apbridge: Apbridge
) -> None:
    with Ledger(sealed.url) as for_the_trail, Ledger(sealed.url) as for_the_list:
        run = for_the_trail.start_run("target-toy", "1.0")
        assert apbridge("vault", "rotate-key").code == 0
        sealed.run([*SCHEMAS, bill(1), state("t1")])
        assert for_the_list.streams_undecryptable("toy") == set()
        go_on(sealed.url)
        write(run, 5)
        assert apbridge("audit", "verify").code == 0


def test_a_broken_trail_is_not_sealed(plain: ToyContext, apbridge: Apbridge) -> None:
    fill(plain.url)
    attack(plain.url, lose_a_row)
    make_vault()
    seen = json.loads(apbridge("vault", "seal", "--json").out)["seen"]
    ended = apbridge("vault", "seal", f"--yes={seen}")
    assert (ended.code, "APB-LED-016" in ended.err) == (2, True)
    assert apbridge("audit", "verify").code == 1
