"""A project's folder with a vault, a toy target that fills its ledger, and the operator's command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apbridge.vault import Vault
from tests.cli.conftest import apbridge, project  # noqa: F401 - fixtures
from tests.singer.conftest import ToyContext, _signals  # noqa: F401 - fixtures


@pytest.fixture
def plain(project: Path) -> ToyContext:  # noqa: F811 - the fixture
    """The toy target in a project without a vault."""
    (project / ".apbridge").mkdir()
    return ToyContext(project, Path(), f"sqlite:///{project}/.apbridge/ledger.db")


@pytest.fixture
def sealed(plain: ToyContext) -> ToyContext:
    """The toy target in a project with a vault."""
    make_vault()
    return plain


def make_vault() -> None:
    """Make the project's vault; the variable goes with the test."""
    os.environ["APBRIDGE_VAULT_KEY_FILE"] = "../key"
    Vault.create()
