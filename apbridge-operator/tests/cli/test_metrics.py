"""`apbridge metrics`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from tests.cli.conftest import Apbridge


def up(text: str) -> dict[str, float]:
    """Return by company whether its ledger can be read."""
    return {
        one.labels["company"]: one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == "apbridge_ledger_up"
    }


@pytest.mark.usefixtures("empty_ledger")
def test_they_are_printed(apbridge: Apbridge):
    ended = apbridge("metrics")
    assert (ended.code, up(ended.out)) == (0, {"": 1})
    assert up(json.loads(apbridge("metrics", "--json").out)["metrics"]) == {"": 1}


@pytest.mark.usefixtures("empty_ledger")
def test_a_file_is_replaced_whole_and_the_folders_group_may_read_it(apbridge: Apbridge, project: Path):
    folder = project / "collector"
    folder.mkdir()
    file = folder / "apbridge.prom"
    file.write_text("old")
    with file.open() as opened:
        assert apbridge("metrics", f"--textfile={file}").code == 0
        # Whoever reads it meanwhile reads the old one to its end.
        assert opened.read() == "old"
    assert up(file.read_text()) == {"": 1}
    assert file.stat().st_mode & 0o777 == 0o640
    assert [*folder.iterdir()] == [file]


@pytest.mark.usefixtures("empty_ledger")
def test_a_file_that_cannot_be_written_is_said(apbridge: Apbridge, project: Path):
    (project / "taken").write_text("")
    ended = apbridge("metrics", f"--textfile={project}/taken/x.prom")
    assert (ended.code, ended.err.strip()[-13:]) == (2, "[APB-MTR-001]")


@pytest.mark.usefixtures("empty_ledger")
def test_nothing_is_written_to_where_another_account_has_a_link_lead(apbridge: Apbridge, project: Path):
    (project / "vault.key").write_text("mine")
    (project / "link.prom").symlink_to("vault.key")
    os.mkfifo(project / "pipe.prom")
    for name in ("link.prom", "pipe.prom"):
        ended = apbridge("metrics", f"--textfile={project / name}")
        assert (ended.code, ended.err.strip()[-13:]) == (2, "[APB-MTR-001]")
    assert (project / "vault.key").read_text() == "mine"


def test_a_ledger_that_cannot_be_read_is_told_and_no_run_looks_green(apbridge: Apbridge, project: Path):
    (project / ".env").write_text("TARGET_AVIDXCHANGE_LEDGER_URL=sqlite:////dev/null/ledger.db\n")
    file = project / "x.prom"
    ended = apbridge("metrics", f"--textfile={file}")
    assert ended.code == 3
    assert "[APB-LED-" in ended.err
    assert up(file.read_text()) == {"": 0}
