"""Keep secrets out of whatever people may read: logs, errors, the audit trail."""

from __future__ import annotations

import re
from typing import Any

MASK = "[redacted]"

_NAMES_IN_TEXT = (
    r"authorization|token|assertion|private.?key|password|passphrase|secret|api.?key|cookie"
    r"|tax.?id|ssn|iban|bank.?acc|card.?number|swift.?code"
)
# Not looked for in texts: "account number: 6000" is how a GL account is refused.
_SECRET_NAMES = re.compile(_NAMES_IN_TEXT + r"|signature|account.?number|routing", re.IGNORECASE)
_SECRET_NAMES_IN_FULL = {"ein", "tin", "cvv", "bic"}
# GL account numbers are what a bill is coded by, not bank details.
_PLAIN_NAMES = {"account_number", "token_type"}
_IN_TEXT = (
    re.compile(r"(\b(?:Bearer|Basic)\s+)[\w.~+/=-]{6,}", re.IGNORECASE),
    # A JSON Web Token: two parts that begin as `{"` does in base64.
    re.compile(r"()\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"),
    re.compile(r"(-----BEGIN [A-Z ]+-----).*?(?:-----END [A-Z ]+-----|$)", re.DOTALL),
    # name=value, name: value, "name": "value"; US tax ids of people and of companies.
    re.compile(rf"""((?:{_NAMES_IN_TEXT})\w*["']?\s*[:=]\s*["']?)[^\s"',;&}}]+""", re.IGNORECASE),
    re.compile(r"()\b(?:\d{3}-\d{2}-\d{4}|\d{2}-\d{7})\b"),
)


def redact(value: Any) -> Any:  # noqa: ANN401
    """Mask, at any depth, what stands under the name of a secret, a tax id or a bank detail."""
    if isinstance(value, dict):
        return {key: _redacted_item(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return redact_text(value)
    return value


def redact_text(text: str) -> str:
    """Mask tokens, keys, passwords and tax ids inside a text."""
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def _redacted_item(name: str, item: Any) -> Any:  # noqa: ANN401
    secret = name.lower() in _SECRET_NAMES_IN_FULL or _SECRET_NAMES.search(name)
    if secret and name not in _PLAIN_NAMES and item is not None:
        return MASK
    return redact(item)
