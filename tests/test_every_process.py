"""What holds of every process that a test runs in or starts."""

from __future__ import annotations

import faulthandler
import subprocess
import sys

import pytest
from hypothesis import settings


def test_a_crash_shows_where_it_happened():
    assert faulthandler.is_enabled()
    told = "import faulthandler; print(faulthandler.is_enabled())"
    assert subprocess.check_output([sys.executable, "-c", told], text=True) == "True\n"


def test_no_example_has_a_deadline():
    assert settings().deadline is None


def test_no_test_may_hang_for_ever(pytestconfig: pytest.Config):
    assert float(pytestconfig.getini("timeout")) > 0
    assert pytestconfig.getini("faulthandler_exit_on_timeout")
