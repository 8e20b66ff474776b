"""Which bills and vendor credits the settings allow to be submitted, as one list of SuiteQL conditions each.

NetSuite itself judges: the conditions mark every bill that is read. They decide what is submitted, never what
is seen, not even in a first reading: the target must hear of a bill that was submitted before the tap's state
was lost, and then held or paid by hand. They speak of `t`, the bill, and `m`, its main line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from apbridge import words
from apbridge.errors import RefusedError, SettingError
from apbridge.netsuite import in_list, literal
from apbridge.netsuite.client import Row
from apbridge.netsuite.queries.lines import QueryLine
from apbridge.netsuite.queries.query import Query
from apbridge.netsuite.queries.values import ids
from apbridge.settings import text
from tap_netsuite_ap.approvals import APPROVALS

DEFAULT_APPROVALS = ("approved", "open")

_SCRIPT_ID = re.compile(r"custbody\w{1,80}", re.ASCII)
_MARK = re.compile(r"(?P<field>[a-z]\w{0,80})\s*=\s*(?P<value>.+)", re.ASCII)


@dataclass(frozen=True)
class EligibilityRule:
    """One condition on a bill, and why a bill that fails it is not submitted.

    Args:
        condition: In SuiteQL.
        because: A template over the fields of the bill's record.
        is_optional: The rule falls away where NetSuite refuses its column.
        setting: The setting that it is written with, where NetSuite may not take it.
    """

    condition: str
    because: str
    is_optional: bool = False
    setting: str | None = None


@dataclass(frozen=True)
class Eligibility:
    """The rules, in the order in which they are told.

    Args:
        rules: All of them.
        worth_a_first_reading: Conditions on the bills that a first reading takes; the later ones take all.
    """

    rules: tuple[EligibilityRule, ...]
    worth_a_first_reading: tuple[str, ...]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Eligibility:
        """Make the rules of the settings.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        start = _start(config, "bill_date")
        rules = (*_of_any(config, "VendBill", start), *_of_bills(config))
        return cls(rules, (start.condition,) if start else ())

    @classmethod
    def of_credits(cls, config: Mapping[str, Any]) -> Eligibility:
        """Make the rules of vendor credits: those of bills that do not speak of fields of bills.

        Raises:
            SettingError: A setting is wrong; it says which.
        """
        start = _start(config, "credit_date")
        return cls(tuple(_of_any(config, "VendCred", start)), (start.condition,) if start else ())

    def mark(self, query: Query) -> Query:
        """Add to a query a flag a rule, `rule_<n>`."""
        return query.put(
            "$rules",
            (
                QueryLine(
                    f"  CASE WHEN {rule.condition} THEN 'T' ELSE 'F' END AS rule_{number},",
                    is_required=not rule.is_optional,
                )
                for number, rule in enumerate(self.rules)
            ),
        )

    def not_taken(
        self, query: Query, refusal: Callable[[Query], RefusedError | None]
    ) -> tuple[EligibilityRule, RefusedError] | None:
        """Find the condition of a setting that NetSuite does not take.

        Args:
            query: Gives bills.
            refusal: Tries a query out, and gives how NetSuite refuses it; None where it takes it.

        Returns:
            Its rule, and what NetSuite says; None where it takes them all.
        """
        own = [rule for rule in self.rules if rule.setting]
        others = tuple(rule for rule in self.rules if not rule.setting)
        # Where bills cannot be read at all no setting is to blame, and the stream says why.
        if own and refusal(self.mark(query)) and not refusal(replace(self, rules=others).mark(query)):
            for rule in own:
                if refused := refusal(replace(self, rules=(rule,)).mark(query)):
                    return rule, refused
        return None

    def because(self, row: Row, bill: Mapping[str, Any]) -> str | None:
        """Describe in plain words why a bill is not submitted; None where it may be.

        Args:
            row: A row of a marked query.
            bill: Its record.
        """
        for number, rule in enumerate(self.rules):
            if row.get(f"rule_{number}") == "F":
                return rule.because.format_map(bill)
        return None


def _of_any(config: Mapping[str, Any], kind: str, start: EligibilityRule | None) -> Iterator[EligibilityRule]:
    yield EligibilityRule("COALESCE(t.voided, 'F') = 'F'", words.VOID, is_optional=True)
    approvals = _approvals(config)
    open_statuses = ["A", "D"] if "pending" in approvals else ["A"]
    # A status is told as `A`, and may have to be asked for as `VendBill:A`.
    listed = in_list([*open_statuses, *(f"{kind}:{one}" for one in open_statuses)])
    yield EligibilityRule(f"t.status IN ({listed})", words.STATUS + "{status}")
    codes = ", ".join(str(APPROVALS[one]) for one in approvals)
    yield EligibilityRule(
        f"COALESCE(t.approvalstatus, 2) IN ({codes})",
        words.APPROVAL + "{approval_status}",
        is_optional=True,
    )
    yield EligibilityRule("COALESCE(t.paymenthold, 'F') = 'F'", words.ON_HOLD, is_optional=True)
    if start:
        yield start
    yield from _among(config, "subsidiaries", "m.subsidiary IN", "subsidiary_id")
    yield from _among(config, "vendors", "t.entity IN", "vendor_id")
    yield from _among(config, "exclude_vendors", "t.entity NOT IN", "vendor_id")


def _of_bills(config: Mapping[str, Any]) -> Iterator[EligibilityRule]:
    checkbox = text(config, "checkbox_field")
    if checkbox:
        if not _SCRIPT_ID.fullmatch(checkbox):
            problem = f"{checkbox!r} is not the script id of a field of bills (custbody…)"
            raise SettingError("APB-SET-001", setting="checkbox_field", problem=problem)
        yield EligibilityRule(
            f"t.{checkbox} = 'T'", f"its checkbox {checkbox} is not set", setting="checkbox_field"
        )
    yield from _not_from_avidxchange(config)
    condition = text(config, "bill_filter")
    if condition:
        yield EligibilityRule(condition, "bill_filter leaves it out", setting="bill_filter")


def _not_from_avidxchange(config: Mapping[str, Any]) -> Iterator[EligibilityRule]:
    mark = text(config, "avidxchange_bills")
    if mark is None:
        return
    found = _MARK.fullmatch(mark)
    if not found:
        problem = f"{mark!r} is not a field of bills and its value, such as externalid=AVID*"
        raise SettingError("APB-SET-001", setting="avidxchange_bills", problem=problem)
    column, value = f"t.{found['field']}", found["value"]
    begins = value.removesuffix("*")
    if begins == value:
        other = f"{column} <> {literal(value)}"
    else:
        # Not LIKE, to which the `_` of many an id stands for any sign.
        other = f"SUBSTR({column}, 1, {len(begins)}) <> {literal(begins)}"
    yield EligibilityRule(
        f"{column} IS NULL" + (f" OR {other}" if begins else ""),
        "it came out of AvidXchange itself, as avidxchange_bills tells",
        setting="avidxchange_bills",
    )


def _approvals(config: Mapping[str, Any]) -> Sequence[str]:
    listed: Sequence[str] = config.get("approval_statuses") or DEFAULT_APPROVALS
    unknown = [one for one in listed if one not in APPROVALS]
    if unknown:
        problem = f"{unknown[0]!r} is not one of {', '.join(APPROVALS)}"
        raise SettingError("APB-SET-001", setting="approval_statuses", problem=problem)
    return listed


def _among(config: Mapping[str, Any], setting: str, condition: str, field: str) -> Iterator[EligibilityRule]:
    listed = config.get(setting)
    if not listed:
        return
    try:
        numbers = ids(listed)
    except ValueError as failure:
        problem = "it must list internal ids, which are numbers"
        raise SettingError("APB-SET-001", setting=setting, problem=problem) from failure
    what = field.removesuffix("_id")
    # Where there is one company, there are no subsidiaries to ask for.
    doubtful = setting if setting == "subsidiaries" else None
    yield EligibilityRule(
        f"{condition} ({numbers})", f"{setting} leaves out its {what}, {{{field}}}", setting=doubtful
    )


def _start(config: Mapping[str, Any], field: str) -> EligibilityRule | None:
    value = text(config, "start_date")
    if value is None:
        return None
    day = _day(value)
    return EligibilityRule(
        f"t.trandate >= TO_DATE('{day}', 'YYYY-MM-DD')",
        f"its date, {{{field}}}, is before start_date, {day}",
    )


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as failure:
        problem = f"{value!r} is not a date such as 2026-01-31"
        raise SettingError("APB-SET-001", setting="start_date", problem=problem) from failure
