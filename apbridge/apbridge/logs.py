"""What is logged, by whomever: secrets masked, and each record in lines of its own."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from apbridge.printable import printable
from apbridge.redaction import MASK, redact_text

_LIBRARIES = ("urllib3", "requests")
_QUERY = re.compile(r"\?[^\s\"'<>]+")
"""Of an address: a profile may put a credential there, under whatever name."""
_TRACES = logging.Formatter()


def handlers() -> Iterator[logging.Handler]:
    """Yield every handler that there is, of whatever logger."""
    yield from logging.getLogger().handlers
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            yield from logger.handlers


def clean() -> None:
    """Add the filter to every handler that there is: no secret is printed, and no forged line."""
    for handler in handlers():
        handler.addFilter(cleaned)


def cleaned(record: logging.LogRecord) -> bool:
    """Clean a record in place. A filter."""
    try:
        said = record.getMessage()
    except Exception:  # noqa: BLE001 - whatever the arguments do to be shown
        # What a library logs wrongly must not end what it is used for; what it meant to log is told.
        record.msg, record.args = str(record.msg), ()
        said = record.msg
    shown = _QUERY.sub(f"?{MASK}", said) if record.name.partition(".")[0] in _LIBRARIES else said
    shown = printable(redact_text(shown))
    if record.exc_info:
        # The message in it may have lines of its own; none begins as a record does.
        trace = redact_text(_QUERY.sub(f"?{MASK}", _TRACES.formatException(record.exc_info)))
        shown = "\n  ".join([shown, *map(printable, trace.split("\n"))])
        record.exc_info = record.exc_text = None
    if shown != said:
        record.msg, record.args = shown, ()
    return True
