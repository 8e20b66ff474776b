"""The survey itself: each probe is asked, and whatever comes of it is a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from typing_extensions import override

from apbridge.avidxchange import AvidXchangeReader
from apbridge.avidxchange.canonical import STREAMS
from apbridge.errors import APBridgeError, RefusedError, UnavailableError
from apbridge.netsuite import NetSuite
from apbridge.netsuite.queries.features import Features
from apbridge.netsuite.queries.lines import FEATURES
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.reader import Reader
from apbridge.waits import in_order, result
from apbridge_operator.survey import asks, safe
from apbridge_operator.survey.account import Account, Queries, project_queries
from apbridge_operator.survey.avidxchange import listing, places
from apbridge_operator.survey.probe import Probe, probes
from apbridge_operator.survey.result import AnswerState, ProbeNote, ProbeResult

_ONE_ROW = ["ROWNUM <= 1"]
_QUERY = "netsuite.queries."

_MOST_UNANSWERED = 3
"""Probes without an answer after which a system is asked no more: each has waited for minutes."""

Permissions = Sequence[Mapping[str, Any]]


class _Asking:
    """Asks one system probe after probe, as long as it answers."""

    def __init__(self) -> None:
        self._unanswered = 0

    def ended(self, probe: Probe, ask: Callable[[], ProbeResult], name: str | None = None) -> ProbeResult:
        """Return the result of a probe, which ends well whatever happens."""
        name = name or probe.name
        result = self._result(probe, ask)
        if not safe.is_safe([dict(result.found), [dict(note.facts) for note in result.notes]]):
            result = _unknown(probe, {}, ProbeNote("APB-SRV-005", {}))
        return ProbeResult(name, result.question, result.state, result.found, result.notes, result.says)

    def _result(self, probe: Probe, ask: Callable[[], ProbeResult]) -> ProbeResult:
        if self._unanswered >= _MOST_UNANSWERED:
            return _unknown(probe, {}, ProbeNote("APB-SRV-018", {}))
        try:
            return ask()
        except UnavailableError as error:
            self._unanswered += 1
            return _failed(probe, error, {"error": error.code})
        except RefusedError as refused:
            return _failed(probe, refused, {"refused": safe.word(refused.reason)})
        except APBridgeError as error:
            return _failed(probe, error, {"error": error.code})
        except Exception as failure:  # noqa: BLE001 - an answer of any kind is a result
            kind = safe.word(type(failure).__name__)
            return _unknown(probe, {"error": kind}, ProbeNote("APB-SRV-002", {"kind": kind}))


def survey_netsuite(netsuite: NetSuite, permissions: Permissions) -> Iterator[ProbeResult]:
    """Ask NetSuite; nothing is written there.

    Args:
        netsuite: The account.
        permissions: Those that the project needs, with how each shows.

    Yields:
        The result of each probe, as it comes.
    """
    account = Account(netsuite)
    asking, permitted = _Asking(), probes()["netsuite.permissions"]
    signed_in = _sign_in(account, permissions)
    yield signed_in
    if signed_in.state is AnswerState.FAILS:
        lacking = {"missing": signed_in.found["lacks"]}
        yield ProbeResult(permitted.name, permitted.question, AnswerState.UNKNOWN, lacking)
        return
    project = project_queries()
    declared = probes()
    with ThreadPoolExecutor(netsuite.concurrency) as pool:
        looked = {
            table: pool.submit(account.look_at, table, [*columns, *asks.ALSO.get(table, ())])
            for table, columns in project.columns.items()
        }
        yield asking.ended(declared["netsuite.columns"], lambda: _columns(account, project, looked))
        asked: list[Callable[[], ProbeResult]] = [
            partial(
                asking.ended, declared["netsuite.permissions"], partial(_permissions, account, permissions)
            ),
            *(partial(_query, asking, account, name, query) for name, query in project.queries.items()),
            *(partial(_asked, asking, account, one) for one in declared.values() if _is_plain(one)),
        ]
        yield from in_order(pool, asked)


def survey_avidxchange(reader: AvidXchangeReader, dimensions: Sequence[str]) -> Iterator[ProbeResult]:
    """Ask AvidXchange; nothing is written there.

    Args:
        reader: The company, by its profile.
        dimensions: Those whose values are listed.

    Yields:
        The result of each probe, as it comes.
    """
    asking, declared = _Asking(), probes()
    signed_in = asking.ended(declared["avidxchange.sign_in"], lambda: _checked(reader))
    yield signed_in
    if signed_in.state is AnswerState.FAILS:
        return
    for resource in filter(reader.profile.resources.__contains__, STREAMS):
        for place in places(resource, dimensions):
            probe = declared[f"avidxchange.{resource}"]
            name = ".".join([probe.name, *(safe.word(each) for each in place.values())])
            yield asking.ended(probe, partial(_listed, probe, reader, resource, place), name)


def not_surveyed(name: str, error: APBridgeError) -> ProbeResult:
    """Return the result of a system that could not be asked at all.

    Args:
        name: Of the probe that stands for it.
        error: Why.
    """
    note = ProbeNote("APB-SRV-008", {"found": name.partition(".")[0], "why": error.code})
    return ProbeResult(
        name, probes()[name].question, AnswerState.FAILS, {"signed_in": False}, [note], error.says
    )


def _is_plain(probe: Probe) -> bool:
    return probe.query is not None or probe.name in asks.ASKS


def _asked(asking: _Asking, account: Account, probe: Probe) -> ProbeResult:
    def ask() -> ProbeResult:
        if probe.query is None:
            return probe.judged(asks.ASKS[probe.name](account))
        rows = account.rows(probe.query)
        return probe.judged({name: fact.read(rows) for name, fact in probe.facts.items()})

    return asking.ended(probe, ask)


def _failed(probe: Probe, error: APBridgeError, found: Mapping[str, str]) -> ProbeResult:
    says = f"{error.says} [{error.code}]"
    return ProbeResult(probe.name, probe.question, AnswerState.UNKNOWN, found, [], says)


def _unknown(probe: Probe, found: Mapping[str, str], note: ProbeNote) -> ProbeResult:
    return ProbeResult(probe.name, probe.question, AnswerState.UNKNOWN, found, [note])


def _sign_in(account: Account, permissions: Permissions) -> ProbeResult:
    probe = probes()["netsuite.sign_in"]
    try:
        account.rows(asks.SIGNED_IN)
    except APBridgeError as error:
        named = (_named(one["permission"]) for one in permissions)
        lacking = [name for name in named if name in str(error)]
        notes = [ProbeNote("APB-SRV-010", {"found": name}) for name in lacking]
        notes = notes or [ProbeNote("APB-SRV-006", {"why": error.code})]
        found = {"signed_in": False, "lacks": lacking}
        return ProbeResult(probe.name, probe.question, AnswerState.FAILS, found, notes, error.says)
    return ProbeResult(probe.name, probe.question, AnswerState.EXPECTED, {"signed_in": True, "lacks": []})


def _named(permission: str) -> str:
    """Return how NetSuite itself names a permission in a refusal."""
    return permission.replace(", ", " -> ", 1)


def _columns(account: Account, project: Queries, looked: Mapping[str, Any]) -> ProbeResult:
    probe = probes()["netsuite.columns"]
    for each in looked.values():
        result(each)
    missing = sorted(project.columns.keys() - account.hidden.keys())
    hidden = sorted(
        f"{table}.{column}"
        for table, columns in account.hidden.items()
        for column in columns
        if column not in asks.ALSO.get(table, ())
    )
    notes = [ProbeNote("APB-SRV-012", {"found": ", ".join(names)}) for names in [hidden] if names]
    notes += [ProbeNote("APB-SRV-013", {"found": ", ".join(names)}) for names in [missing] if names]
    state = AnswerState.HANDLED if notes else AnswerState.EXPECTED
    return ProbeResult(
        probe.name, probe.question, state, {"missing_tables": missing, "hidden": hidden}, notes
    )


def _permissions(account: Account, permissions: Permissions) -> ProbeResult:
    probe = probes()["netsuite.permissions"]
    levels = asks.levels(account, permissions)
    missing = asks.missing_permissions(account, permissions)
    # Of what a call shows the call is believed.
    missing += [one for one in permissions if "unseen" in one and levels.get(one["key"]) == "NONE"]
    low = [one for one in permissions if asks.is_low(one, levels.get(one["key"], "NONE"))]
    optional = [one for one in (*missing, *low) if "unless" in one and not asks.feature_of(one)]
    notes = [ProbeNote("APB-SRV-011" if one in optional else "APB-SRV-010", _facts(one)) for one in missing]
    notes += [ProbeNote("APB-SRV-019", {**_facts(one), "level": one["level"]}) for one in low]
    state = AnswerState.HANDLED if notes else AnswerState.EXPECTED
    if any(one not in optional for one in (*missing, *low)):
        state = AnswerState.FAILS
    found = {
        "missing": [_named(one["permission"]) for one in missing],
        "levels": [
            f"{_named(one['permission'])}: {levels[one['key']].capitalize()}"
            for one in permissions
            if levels.get(one["key"], "NONE") != "NONE"
        ]
        or None,
    }
    return ProbeResult(probe.name, probe.question, state, found, notes)


def _facts(permission: Mapping[str, Any]) -> dict[str, str]:
    return {"found": _named(permission["permission"]), "needed": permission["for"]}


def _query(asking: _Asking, account: Account, name: str, query: Query) -> ProbeResult:
    """Run a query of the project for one row, just as the project would."""
    probe = Probe(_QUERY + name, f"Can NetSuite be asked to {query.purpose} ({name.rpartition('.')[2]})?")

    def ask() -> ProbeResult:
        features = _QuietFeatures(absent=asks.absent(account))
        with Reader(account.netsuite, features) as reader:
            try:
                reader.page(query, rows=1, where=_ONE_ROW)
            except RefusedError as refused:
                note = ProbeNote("APB-SRV-014", {"found": name, "purpose": query.purpose})
                found = {"taken": False, "without": []}
                return ProbeResult(probe.name, probe.question, AnswerState.FAILS, found, [note], refused.says)
            is_asked = not reader.lacks(query)
        read = {one for line in query.lines for one in line.needs} | query.needs
        without = sorted((read & features.absent) - {one.name for one in FEATURES})
        lacking = {"found": ", ".join(without), "purpose": query.purpose}
        notes = [ProbeNote("APB-SRV-015" if is_asked else "APB-SRV-017", lacking)] if without else []
        state = AnswerState.HANDLED if without else AnswerState.EXPECTED
        return ProbeResult(probe.name, probe.question, state, {"taken": is_asked, "without": without}, notes)

    return asking.ended(probe, ask)


class _QuietFeatures(Features):
    """Keeps what is missing out of the log: it is in the report."""

    @override
    def tell(self, query: Query) -> None:
        """Leave it to the report."""


def _checked(reader: AvidXchangeReader) -> ProbeResult:
    probe = probes()["avidxchange.sign_in"]
    try:
        reader.check()
    except APBridgeError as error:
        found = {"signed_in": False}
        note = ProbeNote("APB-SRV-007", {"why": error.code})
        return ProbeResult(probe.name, probe.question, AnswerState.FAILS, found, [note], error.says)
    return ProbeResult(probe.name, probe.question, AnswerState.EXPECTED, {"signed_in": True})


def _listed(probe: Probe, reader: AvidXchangeReader, resource: str, place: Mapping[str, str]) -> ProbeResult:
    try:
        found = listing(reader, resource, place)
    except UnavailableError:
        raise
    except APBridgeError as error:
        note = ProbeNote("APB-SRV-016", {"found": resource, "why": error.code})
        return ProbeResult(
            probe.name, probe.question, AnswerState.FAILS, {"error": error.code}, [note], error.says
        )
    return probe.judged(found)
