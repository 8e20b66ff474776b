"""A benchmark tells rows of one shape; what was measured is kept and drawn.

That each of them runs `make bench SIZE=small` shows, as `.ci/run` has it: together they take a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import NAMES, PICTURE
from benchmarks.telling import Row, against
from benchmarks.telling.picture import draw
from benchmarks.telling.results import HERE, HISTORY, Measured, keep, measured, read
from benchmarks.telling.table import HEAD, line
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

ROOT = HERE.parent
CLEAN = against(
    3.0, "the limit", "60,000 headers at 250 ms", 3.6, bound=1.2, facts={"calls": 63, "CPU s": 0.31}
)
LATE = against(3.0, "the limit", "60,000 headers & more at 250 ms", 3.7, bound=1.2)


@pytest.mark.parametrize("name", ["outbound", "redaction"])
def test_a_benchmark_runs_at_its_smallest_and_tells_rows_of_one_shape(name: str):
    benchmark = import_module(f"benchmarks.{name}")
    rows = list(benchmark.measure(small=True))
    cases = [row.case for row in rows]
    assert cases
    assert len(set(cases)) == len(cases)
    for row in rows:
        assert isinstance(row, Row)
        assert (row.figure is None) == (row.unit == "")
        assert row.figure is not None or row.note, "it says why there is no figure"
        assert (row.ratio is None) == (row.beside == "")
        assert row.bound is None or row.ratio is not None
        assert all(isinstance(value, (int, float)) for value in row.facts.values())
        assert line(name, row).startswith(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_says_in_a_line_what_it_measures(name: str):
    assert (import_module(f"benchmarks.{name}").__doc__ or "").splitlines()[0].endswith(".")


def test_a_bound_is_judged_by_the_ratio_that_is_shown():
    assert CLEAN.met is True
    assert LATE.met is False
    assert against(3.0, "the limit", "x", 3.6149, bound=1.2).met is True
    assert Row("x", 1.0, "s").met is None


def test_a_line_says_figure_ratio_and_whether_the_bound_was_met():
    told = line("reader", CLEAN)
    assert told.split() == [
        *("reader", "60,000", "headers", "at", "250", "ms", "3.60", "s", "the", "limit,", "3", "s"),
        *("1.20", "1.20", "met", "calls", "63,", "CPU", "s", "0.310"),
    ]
    assert told.index("3.60 s") > HEAD.index("what")
    assert "NOT MET" in line("reader", LATE)
    assert "NOT MET" not in line("reader", LATE, judged=False)


def test_what_was_measured_is_kept_by_commit_and_the_newest_replaces_the_older(tmp_path: Path):
    history, newest = tmp_path / "history.jsonl", tmp_path / "results.json"
    for name, row in (("reader", LATE), ("start", LATE), ("reader", CLEAN)):
        keep(measured(name, [row], others=0.1), history, newest)
    lines = [json.loads(told) for told in history.read_text().splitlines()]
    assert [(told["name"], told["rows"][0]["met"]) for told in lines] == [
        ("reader", False),
        ("start", False),
        ("reader", True),
    ]
    kept = list(read(newest))
    assert [one.name for one in kept] == ["reader", "start"]
    assert kept[0].rows[0]["case"] == CLEAN.case
    assert kept[0].was_quiet


def test_nothing_of_the_machine_is_kept_but_its_cores_and_python():
    told = measured("reader", [CLEAN], others=None)
    assert {*vars(told)} == {"name", "commit", "date", "cores", "python", "others", "rows"}
    assert not told.was_quiet


def test_the_picture_is_drawn_of_what_was_kept():
    of_reader = measured("reader", [CLEAN, LATE, Row("no ratio", 1.0, "s")], others=2.0)
    drawn = draw([of_reader])
    parsed = ET.fromstring(drawn)  # noqa: S314 - it was drawn here
    texts = ["".join(one.itertext()) for one in parsed.iter() if one.tag.endswith("text")]
    assert "1.20 of the limit, at most 1.20: met" in texts
    assert "1.23 of the limit, at most 1.20: not met" in texts
    assert "60,000 headers & more at 250 ms" in texts
    assert any("busy with other work" in text for text in texts)


def test_the_picture_shows_no_bar_for_who_lost_rows():
    lossy = against(3.0, "the limit", "a client", 0.3, facts={"lost": 59_000})
    drawn = draw([measured("peers", [lossy], others=0.0)])
    assert "59,000 rows lost" in drawn
    assert "0.10 of the limit" not in drawn


def test_the_picture_beside_the_results_is_drawn_of_them():
    assert PICTURE.read_text(encoding="utf-8") == draw(read())
    assert {one.name for one in read()} <= {*NAMES}


def test_the_history_holds_what_the_results_hold():
    lines = [Measured(**json.loads(told)) for told in HISTORY.read_text(encoding="utf-8").splitlines()]
    newest = {one.name: one for one in lines}
    assert newest == {one.name: one for one in read()}


def test_a_wrong_name_is_said_with_those_that_there_are():
    command = [sys.executable, "-m", "benchmarks", "no_such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert "no benchmark no_such; there are" in done.stderr
    assert "reader" in done.stderr
