"""The RESTlet over Oracle's own stubs of N/..., beside the sandbox's engine."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from demo.meltano import ROOT
from tests.third_party.programs import run

PROJECT = ROOT / "suitescript"


def test_the_restlet_over_oracles_stubs():
    node = shutil.which("node")
    if node is None:
        if "CI" in os.environ:
            pytest.fail("Node.js is not installed")
        pytest.skip("THE RESTLET IS NOT TESTED OVER ORACLE'S STUBS: Node.js is not installed")
    jest = PROJECT / "node_modules/jest/bin/jest.js"
    assert jest.is_file(), "set it up: make suitescript/node_modules/.done"
    told = json.loads(run(Path(node), str(jest), "--ci", "--runInBand", "--json", cwd=PROJECT))
    assert told["numPassedTests"] == told["numTotalTests"] > 0
