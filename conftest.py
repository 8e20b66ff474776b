"""For every test of the project."""

from __future__ import annotations

import os
from pathlib import Path

# Where a real account is set up in this very folder, its vault is no business of any test.
os.environ["APBRIDGE_VAULT"] = str(Path(os.devnull, "vault.json"))
