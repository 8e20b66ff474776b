from __future__ import annotations

import re
from pathlib import Path

from apbridge.netsuite.restlet import VERSION

SCRIPT = Path(__file__).parents[3] / "suitescript/src/FileCabinet/SuiteScripts/apbridge/apbridge_restlet.js"


def test_the_version_expected_is_the_scripts():
    assert re.findall(r"const VERSION = '([^']+)'", SCRIPT.read_text(encoding="utf-8")) == [VERSION]
