"""`apbridge codes`: which GL codes and dimension values are which that AvidXchange had before us."""

from __future__ import annotations

from apbridge_operator.cli.linking import commands
from apbridge_operator.matching.reading import CODES

app = commands("codes", CODES, "GL accounts and dimension values")
