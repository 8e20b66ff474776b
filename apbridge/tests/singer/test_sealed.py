"""With a vault, a record that is rejected is kept whole and tried again without the tap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apbridge.errors import RejectedError
from apbridge.vault import Vault
from tests.singer.messages import READ, SCHEMAS, state, vendor, vendor_name

if TYPE_CHECKING:
    from tests.singer.conftest import ToyContext

SECRET = vendor(1, tax_id="12-3456789")


@pytest.fixture(autouse=True)
def _vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APBRIDGE_VAULT", str(tmp_path / "vault.json"))
    monkeypatch.setenv("APBRIDGE_VAULT_KEY_FILE", str(tmp_path / "key"))
    Vault.create()


def test_a_rejected_record_with_a_tax_id_is_tried_again_from_the_ledger(context: ToyContext) -> None:
    context.refused = {vendor_name(1)}
    context.run([*SCHEMAS, SECRET, state("t1", "vendors")])
    # Its bookmark moves on: nothing need be asked again.
    assert context.states == [state("t1", "vendors")["value"]]
    for file in context.folder.glob("ledger.db*"):
        assert b"12-3456789" not in file.read_bytes()

    context.refused = set()
    done = context.run(READ)
    assert done.books.calls[0][1]["tax_id"] == "12-3456789"
    assert done.books.delivered == [vendor_name(1)]


def test_a_lost_vault_is_said_until_a_full_refresh_brings_the_record_again(
    context: ToyContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.refused = {vendor_name(1)}
    context.run([*SCHEMAS, SECRET, state("t1", "vendors")])
    context.refused = set()
    monkeypatch.setenv("APBRIDGE_VAULT", str(context.folder / "another.json"))
    Vault.create()
    for _ in range(2):
        with pytest.raises(RejectedError, match=r"vendors.*--full-refresh"):
            context.run(READ)
    done = context.run([*SCHEMAS, SECRET])
    assert done.books.delivered == [vendor_name(1)]
    context.run(READ)
