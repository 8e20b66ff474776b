"""Numbers out of SuiteQL's texts.

One that is no such number stays the text that it is: whoever takes its record rejects that one by name, where
a failure here would end the reading of all.
"""

from __future__ import annotations

import re
from decimal import Decimal

from apbridge import json

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def number(text: str) -> Decimal | str:
    """Return the number that a text is."""
    found = json.number(text)
    return found if isinstance(found, Decimal) else text


def whole(text: str) -> int | str:
    """Return the whole number that a text is."""
    return int(text) if _WHOLE.fullmatch(text) else text
