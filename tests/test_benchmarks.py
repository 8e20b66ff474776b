"""Each benchmark can be run by its name, and says in one line what it measures."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import benchmarks
from tests.waiting import PATIENCE

ROOT = Path(benchmarks.__file__).parents[1]
NAMES = [module.name for module in iter_modules(benchmarks.__path__) if module.name != "__main__"]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_has_a_main_and_a_line_on_what_it_measures(name: str):
    benchmark = import_module(f"benchmarks.{name}")
    assert callable(benchmark.main)
    assert (benchmark.__doc__ or "").splitlines()[0].endswith(".")


def test_a_wrong_name_is_said_with_those_that_there_are():
    command = [sys.executable, "-m", "benchmarks", "no_such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert "no benchmark no_such; there are" in done.stderr
    assert "reader" in done.stderr
