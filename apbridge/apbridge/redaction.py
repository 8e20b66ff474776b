"""Keep secrets out of whatever people may read: logs, errors, the audit trail."""

from __future__ import annotations

import re
from typing import Any

MASK = "[redacted]"

_SECRET_NAMES = re.compile(
    r"authorization|token|assertion|private.?key|password|secret|api.?key|cookie|signature"
    r"|tax.?id|ssn|account.?number|routing|iban|bank.?account|card.?number",
    re.IGNORECASE,
)
# GL account numbers are what a bill is coded by, not bank details.
_PLAIN_NAMES = {"account_number", "token_type"}
_IN_TEXT = (
    re.compile(r"(Bearer\s+)[^\s\"',]+", re.IGNORECASE),
    re.compile(r"(-----BEGIN [A-Z ]+-----).*?(?:-----END [A-Z ]+-----|$)", re.DOTALL),
    re.compile(
        r"((?:access_token|client_assertion|client_secret|password)[\"']?\s*[:=]\s*[\"']?)[^\s\"',&}]+"
    ),
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
    """Mask bearer tokens, keys and passwords inside a text."""
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def _redacted_item(name: str, item: Any) -> Any:  # noqa: ANN401
    if name not in _PLAIN_NAMES and _SECRET_NAMES.search(name) and item is not None:
        return MASK
    return redact(item)
