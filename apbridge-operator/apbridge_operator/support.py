"""What whoever helps is to know of a project; of the company no name, number, amount, host or id.

Nothing is taken over and then cleaned: each value is of a kind that can hold none of that, such as a number
of runs, a moment, or a word that the project itself has chosen. What else stands in its place is `other`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError

from apbridge.avidxchange.profile_files import shipped
from apbridge.errors import SettingError
from apbridge.ledger import Status
from apbridge.ledger.run_history import PastRun, RunHistory
from apbridge.vault import REFERENCE
from apbridge_operator.companies import PLUGINS
from apbridge_operator.exceptions import Exceptions
from apbridge_operator.monitoring import Loop, health

MOST_RUNS = 100
OTHER = "other"

_CODE = re.compile(r"APB-[A-Z]{2,5}-[0-9]{3}")
_OUTCOMES = frozenset(
    {
        *("delivered", "unchanged", "ignored", "waiting", "rejected", "failed"),
        *("created", "updated", "cancelled"),
    }
)
_RUNS = frozenset({"running", "finished", "incomplete", "failed", "stopped"})
_SYSTEMS = frozenset({"netsuite", "avidxchange"})
_WORDS = frozenset({"create", "hold", "continue", "fail", "approved", "open"})
_HASH = re.compile(r"[0-9a-f]{64}")


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a plugin's settings: numbers and flags as they are, of all else how it is set.

    Args:
        config: As `meltano run` would give them.
    """
    return {_setting(name): _told(name, value) for name, value in config.items()}


def _setting(name: str) -> str:
    return name if name in _settings() else OTHER


@cache
def _settings() -> frozenset[str]:
    """Return the names of all settings of ours, which a project cannot choose."""
    from apbridge.declared_settings import AVIDXCHANGE_SETTINGS, NETSUITE_SETTINGS  # noqa: PLC0415 - slow

    declared = {one.name for one in (*NETSUITE_SETTINGS, *AVIDXCHANGE_SETTINGS)}
    return frozenset(declared | _OWN)


_NUMBERS = frozenset(
    {
        *("brake_count", "brake_percent", "concurrency", "in_doubt_minutes", "max_answer_mb"),
        *("flattening_max_depth", "flattening_max_key_length", "overlap_seconds", "sweep_hours"),
        "under_way_days",
    }
)
"""Settings whose value is an amount of something of ours; another number may be an id."""

_OWN = _NUMBERS | {
    *("ach_trace_field", "approval_statuses", "avidxchange_bills", "bank_account", "bank_accounts"),
    *("bill_filter", "brake_off", "captured_invoices", "card_reference_field", "check_image_folder"),
    *("checkbox_field", "cleared_images", "closed_period", "currency", "custom_fields", "deletion_reason"),
    *("dimension_mapping", "dimensions", "dry_run", "dry_run_report", "exclude_vendors", "faker_config"),
    *("flattening_enabled", "flattening_separator"),
    *("gl_mapping", "ledger_url", "limits_url", "links", "on_reject", "on_void", "on_void_in_netsuite"),
    *("payment_approval", "payment_facts", "payment_fields", "payment_reference", "spool_url", "start_date"),
    *("status_field", "stream_map_config", "stream_maps", "subsidiaries", "vendors"),
}


def _told(name: str, value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, bool) or value is None or (isinstance(value, int) and name in _NUMBERS):
        return value
    if isinstance(value, Mapping | list):
        return f"{len(value)} items"
    text = str(value)
    if text.startswith(REFERENCE):
        return "set, from the vault"
    if name == "profile" and text in shipped():
        return text
    if name.endswith("_url") and (kind := _database(text)):
        return kind
    return text if text in _WORDS else "set" if text else "empty"


def _database(url: str) -> str | None:
    """Return which kind of database a URL is of; None where it is of none."""
    try:
        found = sqlalchemy.make_url(url).get_backend_name()
    except ArgumentError:
        return None
    return found if found in {"sqlite", "postgresql"} else None


def of_loop(loop: Loop) -> dict[str, Any]:
    """Describe one company's loop: health, runs, exceptions and records in numbers, the trail's end."""
    run_history = RunHistory(loop.ledger)
    counted = [
        (*_place(system, stream, status), count) for system, stream, status, count in run_history.counts()
    ]
    return {
        "health": [
            {"what": _what(one.what), "level": one.level.value, "code": _code(one.code)}
            for one in health(loop).signs
        ],
        "runs": [_run(one) for one in run_history.runs(limit=MOST_RUNS)],
        "exceptions": _exceptions(loop),
        "records": _summed(counted, ("system", "stream", "status")),
        "audit_head": _head(loop),
    }


def _head(loop: Loop) -> Any:  # noqa: ANN401
    try:
        head = loop.ledger.audit.anchor()
    except SettingError as failure:
        return failure.code
    return {"seq": head.seq, "hash": head.hash if _HASH.fullmatch(head.hash) else OTHER}


def _exceptions(loop: Loop) -> list[dict[str, Any]]:
    rows = [
        (*_place(one.system, one.stream, one.status), _code(one.code) or "none", one.count)
        for one in Exceptions(loop.ledger).reasons()
    ]
    return _summed(rows, ("system", "stream", "status", "code"))


def _summed(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> list[dict[str, Any]]:
    counts: Counter[tuple[Any, ...]] = Counter()
    for *key, count in rows:
        counts[tuple(key)] += count
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in sorted(counts.items())]


def _place(system: str, stream: str, status: object) -> tuple[str, str, str]:
    known = {one.value for one in Status}
    told = str(getattr(status, "value", status))
    return (
        system if system in _SYSTEMS else OTHER,
        stream if stream in _streams() else OTHER,
        told if told in known else OTHER,
    )


@cache
def _streams() -> frozenset[str]:
    """Return the streams of the canonical records; another tap's own may be called anything."""
    files = (one.name for one in resources.files("apbridge.schemas").iterdir())
    return frozenset(one.removesuffix(".json") for one in files if one.endswith(".json"))


def _run(one: PastRun) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {}
    for stream, outcomes in one.counts.items():
        told = counts.setdefault(stream if stream in _streams() else OTHER, Counter())
        for outcome, count in outcomes.items():
            told[outcome if outcome in _OUTCOMES else OTHER] += int(count)
    return {
        "id": one.id,
        "plugin": one.plugin if one.plugin in PLUGINS else OTHER,
        "started": one.started_at.isoformat(timespec="seconds"),
        "finished": one.finished_at.isoformat(timespec="seconds") if one.finished_at else None,
        "status": one.status if one.status in _RUNS else OTHER,
        "code": _code(one.code),
        "counts": {stream: dict(outcomes) for stream, outcomes in counts.items()},
    }


def _code(code: str | None) -> str | None:
    return code if code is None or _CODE.fullmatch(code) else OTHER


def _what(what: str) -> str:
    return what if re.fullmatch(r"[A-Z][A-Za-z ,→-]{0,40}", what) else OTHER
