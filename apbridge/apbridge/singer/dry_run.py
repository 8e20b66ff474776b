"""What a dry run reports: what would become of each record, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from logging import Logger
from pathlib import Path
from typing import Any

from typing_extensions import override

from apbridge.errors import UnavailableError
from apbridge.files import replace
from apbridge.json import dumps
from apbridge.ledger.anchor import Anchor
from apbridge.singer.outcomes import Action, OutcomeKind, OutcomeTally

_LEFT_ALONE = "left alone"
_COLUMNS = (
    *(action.value for action in Action),
    _LEFT_ALONE,
    *(kind.value for kind in (OutcomeKind.WAITING, OutcomeKind.REJECTED, OutcomeKind.FAILED)),
)
"""What a record would be, in the order in which it is told."""

_WITH_REASON = (OutcomeKind.REJECTED.value, OutcomeKind.WAITING.value)
_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class _Expected:
    what: str
    reason: str | None


class DryRunTally(OutcomeTally):
    """Keeps of every record what would become of it; what was expected last holds."""

    def __init__(self, streams: Iterable[str]) -> None:
        """Count these streams, and tell them in this order."""
        super().__init__(streams)
        self._expected: dict[str, dict[str, _Expected]] = {stream: {} for stream in self.counts}

    @override
    def add(
        self,
        stream: str,
        external_id: str,
        kind: OutcomeKind,
        reason: str | None = None,
        action: Action | None = None,
        *,
        instead_of: OutcomeKind | None = None,
    ) -> None:
        super().add(stream, external_id, kind, reason, action, instead_of=instead_of)
        expected = self._expected[stream]
        before = expected.get(external_id)
        if action:
            # Created by an earlier message of this run, it would be created, whatever changes it after that.
            was_created = before is not None and before.what == Action.CREATED.value
            what = Action.CREATED if was_created and action is Action.UPDATED else action
            expected[external_id] = _Expected(what.value, None)
        elif kind in {OutcomeKind.UNCHANGED, OutcomeKind.IGNORED}:
            if before is None or before.what in _WITH_REASON:
                expected[external_id] = _Expected(_LEFT_ALONE, None)
        else:
            expected[external_id] = _Expected(kind.value, reason)

    def report(self, plugin: str) -> dict[str, Any]:
        """Return the report as JSON: by stream what would be done, and to which records, in order of name."""
        streams: dict[str, Any] = {}
        for stream, expected in self._expected.items():
            told: dict[str, Any] = {name.replace(" ", "_"): [] for name in _COLUMNS if name != "failed"}
            for external_id, one in sorted(expected.items()):
                entry = {"external_id": external_id}
                told[one.what.replace(" ", "_")].append(
                    entry | ({"reason": one.reason} if one.reason else {})
                )
            streams[stream] = told | {"failed": self.counts[stream][OutcomeKind.FAILED]}
        return {"plugin": plugin, "dry_run": True, "streams": streams}

    def table(self) -> Iterator[str]:
        """Yield the report as lines of plain text: the counts, then the reasons."""
        rows = [("stream", *_COLUMNS)] + [(stream, *self._numbers(stream)) for stream in self._expected]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        for stream, *numbers in rows:
            yield f"{stream:<{widths[0]}}  " + "  ".join(
                f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True)
            )
        reasons = [one for what in _WITH_REASON for one in self._reasons(what)]
        yield from reasons[:_MOST_NAMED]
        if len(reasons) > _MOST_NAMED:
            yield f"and {len(reasons) - _MOST_NAMED} more"

    @override
    def tell(self, plugin: str, file: str | None, logger: Logger, trail: Anchor | None) -> None:
        """Log the table, and write the report as JSON into a file that only its owner may read.

        Raises:
            UnavailableError: The file cannot be written.
        """
        path = Path(file or f".apbridge/dry-run-{plugin}.json")
        logger.info("%s: dry run, nothing was written. It would have been:", plugin)
        for line in self.table():
            logger.info("%s", line)
        try:
            replace(path, dumps(self.report(plugin)) + b"\n")
        except UnavailableError as found:
            raise UnavailableError("APB-SNG-020", file=path, problem=found.facts["problem"]) from found
        logger.info("Every record by its external id is in %s", path)

    def _numbers(self, stream: str) -> list[str]:
        counts = dict.fromkeys(_COLUMNS, 0) | {
            OutcomeKind.FAILED.value: self.counts[stream][OutcomeKind.FAILED]
        }
        for one in self._expected[stream].values():
            counts[one.what] += 1
        return [str(count) for count in counts.values()]

    def _reasons(self, what: str) -> Iterator[str]:
        for expected in self._expected.values():
            for _, one in sorted(expected.items()):
                if one.what == what:
                    yield f"{what}: {one.reason}"
