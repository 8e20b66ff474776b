"""What monitoring asks: how the loop is, in a word and in numbers for Prometheus, by the ledger alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from apbridge.errors import APBridgeError
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory
from apbridge.netsuite.certificate import Certificate
from apbridge_operator.exceptions import Exceptions, Reason
from apbridge_operator.health import DIRECTIONS, Level, Sign, signs
from apbridge_operator.schedules import Silence

RECONCILIATION = "Reconciliation"
"""What the sign is called that the books differ without a cause."""

_LEVELS = {Level.GOOD: 0, Level.WARNING: 1, Level.BAD: 2}
_UNDER_WAY = "running"
_PLACES = 4
"""Of an amount; what is beyond them comes of adding up numbers of 64 bits."""


@dataclass(frozen=True)
class Loop:
    """One company's.

    Args:
        ledger: Knows how it is.
        certificate: NetSuite's, where it is here.
        silence: Knows when it is to run.
        company: The company's name; None in a project of one.
    """

    ledger: Ledger
    certificate: Certificate | None
    silence: Silence
    company: str | None = None


@dataclass(frozen=True)
class Health:
    """How it is, in a word."""

    signs: Sequence[Sign]

    @property
    def level(self) -> Level:
        """The worst of them."""
        return max((one.level for one in self.signs), key=_LEVELS.__getitem__, default=Level.GOOD)

    def as_json(self) -> dict[str, Any]:
        """Return levels and codes, and no sentence: one may name a vendor, and no one signs in for this."""
        return {
            "level": self.level.value,
            "signs": [{"what": one.what, "level": one.level.value, "code": one.code} for one in self.signs],
        }


def health(loop: Loop, reasons: Sequence[Reason] | None = None) -> Health:
    """Look at what the console looks at: what is urgent, runs, the certificate, the last reconciliation."""
    run_history = RunHistory(loop.ledger)
    found = Exceptions(loop.ledger).reasons() if reasons is None else reasons
    seen = list(signs(run_history, loop.certificate, found, loop.silence))
    if past := run_history.reconciliations(limit=1):
        level = Level.BAD if past[0].unexplained else Level.GOOD
        seen.append(Sign(RECONCILIATION, level, ""))
    return Health(seen)


def health_of_all(loops: Sequence[Loop]) -> Health:
    """Look at each company's loop; what was looked at bears its name where there are several."""
    if len(loops) == 1:
        return health(loops[0])
    return Health(
        [replace(one, what=f"{loop.company}: {one.what}") for loop in loops for one in health(loop).signs]
    )


class Numbers(Collector):
    """The numbers of one or several companies.

    Args:
        loops: Each company's; of one whose ledger cannot be opened its name and why.
    """

    def __init__(self, loops: Iterable[Loop | tuple[str | None, APBridgeError]]) -> None:
        self.failures: list[APBridgeError] = []
        """Why some companies have no numbers."""
        self._families = {one.name: one for one in _families()}
        for loop in loops:
            company, numbers = self._read(loop)
            for name, labels, value in numbers:
                self._families[name].add_metric([company or "", *labels], value)

    def text(self) -> bytes:
        """Return them in Prometheus' text format."""
        return generate_latest(self)

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._families.values()

    def _read(self, loop: Loop | tuple[str | None, APBridgeError]) -> tuple[str | None, Sequence[_Number]]:
        company, failure = (loop.company, None) if isinstance(loop, Loop) else loop
        try:
            if isinstance(loop, Loop):
                return company, [(_UP, (), 1), *_numbers(loop)]
        except APBridgeError as found:
            failure = found
        # Of a ledger that fails midway nothing else is told: a part would look like all of it.
        self.failures += [failure] if failure else []
        return company, [(_UP, (), 0)]


_Number = tuple[str, Sequence[str], float]
_UP = "apbridge_ledger_up"
_OPEN = ("system", "stream", "status", "code", "urgent")


def _families() -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    yield _gauge(_UP, "Whether the ledger can be read.")
    yield _gauge("apbridge_health", "How it is: 0 good, 1 warning, 2 bad.", "sign")
    yield _counter("apbridge_runs", "Runs that ended, by how.", "plugin", "status")
    yield _gauge(
        "apbridge_runs_under_way",
        "Runs that have not said how they ended: under way, or killed at any time.",
        "plugin",
    )
    yield _gauge("apbridge_last_run_timestamp_seconds", "When a run last ended, however.", "plugin")
    yield _gauge("apbridge_last_good_run_timestamp_seconds", "When a run last ended well.", "plugin")
    yield _gauge("apbridge_records", "Records in the ledger.", "system", "stream", "status")
    yield _gauge("apbridge_open_records", "Records that wait or are rejected, by reason.", *_OPEN)
    yield _gauge("apbridge_open_since_timestamp_seconds", "Since when the oldest of them is open.", *_OPEN)
    yield _gauge("apbridge_open_amount", "What they amount to.", *_OPEN[:3], "currency")
    yield _gauge("apbridge_certificate_expiry_timestamp_seconds", "When NetSuite's certificate ends.")
    yield _gauge("apbridge_audit_trail_rows", "Rows of the audit trail.")
    yield _gauge("apbridge_reconciliation_timestamp_seconds", "When the books were last compared.")
    yield _gauge("apbridge_reconciliation_differences", "Differences then.", "explained")


def _gauge(name: str, says: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, labels=["company", *labels])


def _counter(name: str, says: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, says, labels=["company", *labels])


def _numbers(loop: Loop) -> Iterator[_Number]:
    """Yield name, labels beside the company's, and value."""
    run_history, reasons = RunHistory(loop.ledger), Exceptions(loop.ledger).reasons()
    yield from _of_runs(run_history)
    for system, stream, status, count in run_history.counts():
        yield "apbridge_records", [system, stream, status], count
    for one in reasons:
        urgent = str(one.is_urgent).lower()
        labels = [one.system, one.stream, one.status.value, one.code or "", urgent]
        yield "apbridge_open_records", labels, one.count
        yield "apbridge_open_since_timestamp_seconds", labels, one.since.timestamp()
    for (system, stream, status, currency), amount in _amounts(reasons).items():
        yield "apbridge_open_amount", [system, stream, status, currency], round(amount, _PLACES)
    if loop.certificate:
        yield "apbridge_certificate_expiry_timestamp_seconds", [], loop.certificate.ends.timestamp()
    yield "apbridge_audit_trail_rows", [], loop.ledger.audit.anchor().seq
    for past in run_history.reconciliations(limit=1):
        yield "apbridge_reconciliation_timestamp_seconds", [], past.at.timestamp()
        yield "apbridge_reconciliation_differences", ["true"], past.differences - past.unexplained
        yield "apbridge_reconciliation_differences", ["false"], past.unexplained
    for sign in health(loop, reasons).signs:
        yield "apbridge_health", [sign.what], _LEVELS[sign.level]


def _of_runs(run_history: RunHistory) -> Iterator[_Number]:
    for plugin, status, count in run_history.run_counts():
        if status == _UNDER_WAY:
            yield "apbridge_runs_under_way", [plugin], count
        else:
            yield "apbridge_runs", [plugin, status], count
    for plugin in DIRECTIONS:
        if (ended := run_history.last_ended(plugin)) and ended.finished_at:
            yield "apbridge_last_run_timestamp_seconds", [plugin], ended.finished_at.timestamp()
        if (good := run_history.last_good(plugin)) and good.finished_at:
            yield "apbridge_last_good_run_timestamp_seconds", [plugin], good.finished_at.timestamp()


def _amounts(reasons: Iterable[Reason]) -> Mapping[tuple[str, str, str, str], float]:
    """Add up what is open by system, stream, status and currency."""
    found: defaultdict[tuple[str, str, str, str], float] = defaultdict(float)
    for one in reasons:
        for currency, amount in one.amounts.items():
            found[one.system, one.stream, one.status.value, currency] += amount
    return found
