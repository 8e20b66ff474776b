"""What each plugin loads: a tap no ledger, a target none before it runs, none the operator's package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE

_ALL_OF_IT = """
import sys
from importlib import import_module
from pkgutil import walk_packages
package = import_module(sys.argv[1])
for module in walk_packages(package.__path__, f"{package.__name__}."):
    import_module(module.name)
print(*sys.modules)
"""


def loaded_by(package: str) -> set[str]:
    """Import all modules of a plugin in a process of its own; tell which modules of anybody's that brings."""
    done = subprocess.run(
        [sys.executable, "-c", _ALL_OF_IT, package],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("package", ["tap_avidxchange", "tap_netsuite_ap"])
def test_a_tap_loads_neither_the_ledger_nor_its_libraries(package: str):
    loaded = loaded_by(package)
    assert "apbridge.singer.tap" in loaded
    assert {"sqlalchemy", "alembic", "apbridge.ledger", "apbridge.singer.target"} & loaded == set()
    assert "apbridge.avidxchange.recording" not in loaded


@pytest.mark.parametrize(
    "package", ["tap_avidxchange", "tap_netsuite_ap", "target_avidxchange", "target_netsuite_payments"]
)
def test_no_plugin_loads_the_operators_package(package: str):
    loaded = loaded_by(package)
    assert f"{package}.{package.split('_', maxsplit=1)[0]}" in loaded
    assert not [name for name in loaded if name.startswith("apbridge_operator")]


@pytest.mark.parametrize("module", ["target_avidxchange.target", "target_netsuite_payments.target"])
def test_a_target_loads_the_ledgers_libraries_only_for_a_run(module: str):
    told = f"import sys, {module}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert {"sqlalchemy", "alembic", "cryptography", "yaml", "regex", "jwt"} & loaded == set()


def test_a_ledger_on_sqlite_loads_nothing_of_postgresql(tmp_path: Path):
    told = (
        "import sys\nfrom apbridge.ledger import Ledger\n"
        f"with Ledger('sqlite:///{tmp_path / 'ledger.db'}') as ledger:\n"
        "    ledger.start_run('target-toy', '1.0')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "sqlalchemy.dialects.sqlite" in loaded
    assert {"sqlalchemy.dialects.postgresql", "alembic"} & loaded == set()
