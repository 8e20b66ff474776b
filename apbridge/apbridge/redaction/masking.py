"""Masking itself. Imported when something is masked: its patterns take long to compile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from apbridge.redaction import MASK
from apbridge.redaction.labels import is_secret_name, labelled
from apbridge.redaction.looks import is_number_of, recognized
from apbridge.redaction.normalized import normalized


def masked(value: Any) -> Any:  # noqa: ANN401
    """Mask in a value: see `apbridge.redaction.redact`."""
    if isinstance(value, dict):
        return {key: _masked_item(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return masked_text(value)
    return value


def masked_text(text: str) -> str:
    """Mask in a text: see `apbridge.redaction.redact_text`."""
    plain, places = normalized(text)
    spans = [*labelled(plain), *recognized(plain)]
    if not spans:
        return text
    parts: list[str] = []
    after = 0
    for begin, end in _merged(spans):
        first, last = (begin, end) if places is None else (places[begin], places[end - 1] + 1)
        parts += [text[after:first], MASK]
        after = last
    return "".join([*parts, text[after:]])


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


def _masked_item(name: str, item: Any) -> Any:  # noqa: ANN401
    if item is None:
        return None
    if is_secret_name(name):
        return MASK
    if isinstance(item, str):
        return item if is_number_of(name, item) else masked_text(item)
    return masked(item)
