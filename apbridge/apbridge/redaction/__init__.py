"""Keep secrets out of whatever people may read: logs, errors, the audit trail.

What stands under a field's name is masked by that name, exactly. In a text that people wrote it is best
effort: what follows a label is masked, and what looks like a secret and like nothing else. Either takes time
that grows with the length of the text and no faster.
"""

from __future__ import annotations

from typing import Any

# What to look for is imported where it is used: to compile its patterns takes long, and a start needs none.

MASK = "[redacted]"


def redact(value: Any) -> Any:  # noqa: ANN401
    """Mask, at any depth, what stands under the name of a secret, a tax id or a bank detail."""
    from apbridge.redaction.masking import masked  # noqa: PLC0415

    return masked(value)


def redact_text(text: str) -> str:
    """Mask tokens, keys, passwords, tax ids and bank details inside a text."""
    from apbridge.redaction.masking import masked_text  # noqa: PLC0415

    return masked_text(text)


def without_credentials(url: str) -> str:
    """Leave out of an address what may carry a signature or a password."""
    place, _, query = url.partition("?")
    if "@" in query and "@" not in place:
        # Perhaps the "?" is one of the password.
        return place.partition("://")[0]
    return place.rsplit("@", 1)[-1]
