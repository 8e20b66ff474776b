"""`apbridge vendors`: which vendors are which that AvidXchange had before us."""

from __future__ import annotations

from apbridge_operator.cli.linking import commands
from apbridge_operator.matching.reading import VENDORS

app = commands("vendors", VENDORS, "vendors")
