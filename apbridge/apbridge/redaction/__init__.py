"""Keep secrets out of whatever people may read: logs, errors, the audit trail.

What stands under a field's name is masked by that name, exactly. In a text that people wrote it is best
effort: what follows a label is masked, and what looks like a secret and like nothing else. Either takes time
that grows with the length of the text and no faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# What to look for is imported where it is used: to compile its patterns takes long, and a start needs none.

MASK = "[redacted]"


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
    """Mask tokens, keys, passwords, tax ids and bank details inside a text."""
    from apbridge.redaction.labels import labelled  # noqa: PLC0415
    from apbridge.redaction.looks import recognized  # noqa: PLC0415
    from apbridge.redaction.normalized import normalized  # noqa: PLC0415

    plain, places = normalized(text)
    parts: list[str] = []
    after = 0
    for begin, end in _merged([*labelled(plain), *recognized(plain)]):
        first, last = (begin, end) if places is None else (places[begin], places[end - 1] + 1)
        parts += [text[after:first], MASK]
        after = last
    return "".join([*parts, text[after:]])


def without_credentials(url: str) -> str:
    """Leave out of an address what may carry a signature or a password."""
    return url.split("?", 1)[0].rsplit("@", 1)[-1]


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans in order, those that overlap or touch as one."""
    begin = end = -1
    for first, last in sorted(spans):
        if first <= end:
            end = max(end, last)
            continue
        if end > begin:
            yield begin, end
        begin, end = first, last
    if end > begin:
        yield begin, end


def _redacted_item(name: str, item: Any) -> Any:  # noqa: ANN401
    from apbridge.redaction.labels import is_secret_name  # noqa: PLC0415
    from apbridge.redaction.looks import is_number_of  # noqa: PLC0415

    if item is not None and is_secret_name(name):
        return MASK
    return item if is_number_of(name, item) else redact(item)
