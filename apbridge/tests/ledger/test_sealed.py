from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import update

from apbridge.errors import SettingError
from apbridge.ledger import Ledger, RowUpdate, Status, TrailCheck
from apbridge.ledger.sealing import seal, unsealed
from apbridge.ledger.tables import records
from apbridge.vault import Vault

RECORD = {"id": "1", "name": "O'Brien & Sons", "tax_id": "12-3456789"}


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("APBRIDGE_VAULT", str(tmp_path / "vault" / "vault.json"))
    monkeypatch.setenv("APBRIDGE_VAULT_KEY_FILE", str(tmp_path / "vault" / "key"))
    return Vault.create()


def keep(url: str) -> None:
    with Ledger(url) as ledger:
        run = ledger.start_run("target-toy", "1")
        ledger.write(run.id, "toy", [RowUpdate("vendors", "v-1", "1", "h", Status.REJECTED, payload=RECORD)])


def test_a_record_with_a_tax_id_is_kept_whole_and_in_no_file(vault: Vault, url: str, tmp_path: Path):
    keep(url)
    with Ledger(url) as ledger:
        row = ledger.rows("toy", "vendors", ["v-1"])["v-1"]
        assert (row.payload, row.needs_refetch) == (RECORD, False)
        assert ledger.streams_to_refetch("toy") == ledger.streams_undecryptable("toy") == set()
    for file in tmp_path.glob("*.db*"):
        assert b"12-3456789" not in file.read_bytes()
    vault.rotate()
    with Ledger(url) as ledger:
        assert ledger.rows("toy", "vendors", ["v-1"])["v-1"].payload == RECORD


@pytest.mark.usefixtures("vault")
def test_a_lost_vault_shuts_what_was_sealed_and_no_other_row(url: str, monkeypatch: pytest.MonkeyPatch):
    keep(url)
    monkeypatch.setenv("APBRIDGE_VAULT", "elsewhere.json")
    with Ledger(url) as ledger:
        run = ledger.start_run("target-toy", "1")
        ledger.write(
            run.id, "toy", [RowUpdate("bills", "b-1", "1", "h", Status.WAITING, payload={"id": "1"})]
        )
        row = ledger.rows("toy", "vendors", ["v-1"])["v-1"]
        assert (row.payload, row.refused, row.is_sendable) == (None, "APB-LED-013", False)
        assert ledger.streams_undecryptable("toy") == {"vendors"}
        assert ledger.rows("toy", "bills", ["b-1"])["b-1"].payload == {"id": "1"}


def test_a_vault_that_does_not_open_keeps_the_ledger_closed(
    vault: Vault, url: str, monkeypatch: pytest.MonkeyPatch
):
    assert vault.names() == []
    monkeypatch.delenv("APBRIDGE_VAULT_KEY_FILE")
    with pytest.raises(SettingError, match="APB-VLT-002"):
        Ledger(url)


def test_what_was_kept_before_the_vault_came_is_refused_until_it_is_sealed(
    url: str, request: pytest.FixtureRequest
):
    with Ledger(url) as ledger:
        run = ledger.start_run("target-toy", "1")
        bills = [
            RowUpdate("bills", f"b-{n}", "1", "h", Status.WAITING, payload={"id": str(n)}) for n in (1, 2)
        ]
        ledger.write(run.id, "toy", bills)
        request.getfixturevalue("vault")
    with Ledger(url) as ledger:
        before = ledger.rows("toy", "bills", ["b-1", "b-2"])
        assert {row.refused for row in before.values()} == {"APB-LED-014"}
        assert ledger.verify() == TrailCheck(0, is_sealed=False)
        first, second = unsealed(ledger)
        keys = Vault.open().record_keys()
        ledger.write(run.id, "toy", [replace(bills[1], payload={"id": "3"})])
        assert (seal(ledger, keys, first), seal(ledger, keys, second)) == (True, False)
        ledger.audit.seal()
        assert ledger.verify().is_whole
        after = ledger.rows("toy", "bills", ["b-1", "b-2"])
        assert [(row.payload, row.refused) for row in after.values()] == [
            ({"id": "1"}, None),
            ({"id": "3"}, None),
        ]
        assert list(unsealed(ledger)) == []
        # Another run has dealt with it since it was read.
        assert ledger.refuse([replace(before["b-2"], refused="APB-LED-014")]) == {}
        assert set(ledger.refuse([replace(after["b-2"], refused="APB-LED-014")])) == {"b-2"}


@pytest.mark.usefixtures("vault")
def test_a_delivered_row_that_is_refused_is_open_and_what_is_kept_of_it_stays(url: str):
    keep(url)
    due = {"status": "delivered", "look_again_at": datetime(2026, 1, 1, tzinfo=timezone.utc)}
    with Ledger(url) as ledger:
        with ledger.database.writing() as connection:
            connection.execute(update(records).values(payload=b"{}", **due))
        assert set(ledger.refuse(ledger.to_look_at_again("toy", "vendors"))) == {"v-1"}
        assert list(ledger.to_look_at_again("toy", "vendors")) == []
        ledger.look_no_more("toy", "vendors", ["v-1"])
        (row,) = ledger.all_rows("toy", "vendors")
        assert (row.status, row.refused, row.is_sendable) == (Status.REJECTED, "APB-LED-014", False)
