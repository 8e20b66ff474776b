"""Ways in which the sandbox's switches can stand: each value alone, and drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from apbridge.avidxchange.profile_files import shipped
from apbridge_sandbox.switches import Switch, declared, listed
from target_netsuite_payments.payment_fields import DISPENSABLE, OMIT
from tests.accounts.accounts import Account
from tests.accounts.outcome import unworkable

Value = bool | int | str
USUAL: Mapping[str, Mapping[str, Any]] = {"tap-netsuite-ap": {"currency": "USD"}}
"""What any firm would set whose account may have one currency."""

_SAMPLES = Path(__file__).parent / "samples.yaml"
_COMES_LATER = {"avidxchange.drift"}
"""What no account is like: something that the other side changes while all runs."""
_OFTEN = 0.3
"""How often a switch of a combination stands otherwise than by default."""
_KNOWS_ITS_FORM = 0.8
"""How often a firm has set what its form of payments needs; of the others every payment may be refused."""
_ASKED: Mapping[str, Any] = {
    "department": {"as_on_bill": True, "otherwise": "1"},
    "class": {"as_on_bill": True, "otherwise": "101"},
    "location": {"as_on_bill": True, "otherwise": "11"},
    "custbody_payment_type": "ACH",
    "custbody_payment_priority": "2",
}
_FEATURES = {
    "department": "netsuite.departments",
    "class": "netsuite.classes",
    "location": "netsuite.locations",
}


def other_values(name: str, switch: Switch) -> list[Value]:
    """Return what a switch can be beside its default: of a list each part alone, all, and none.

    Raises:
        LookupError: It can stand in too many ways, and `samples.yaml` names none of them.
    """
    if switch.of is not None:
        every: list[Value] = ["", *switch.of, _together(switch.of)]
    elif switch.values is not None:
        every = list(switch.values)
    elif isinstance(switch.default, bool):
        every = [True, False]
    else:
        every = list(_samples()[name])
    return [value for value in dict.fromkeys(every) if value != switch.default]


def alone(contract: str | None = None) -> Iterator[Account]:
    """Yield an account for every value of every switch, alone; the contracts take turns."""
    contracts = shipped()
    for name, switch in of_accounts():
        for place, value in enumerate(other_values(name, switch)):
            chosen = contract or _spoken(name) or contracts[place % len(contracts)]
            yield _account(f"{name}={value}", chosen, {name: value})


def of_accounts() -> Iterator[tuple[str, Switch]]:
    """Yield the switches by which accounts differ."""
    return ((name, switch) for name, switch in declared().items() if name not in _COMES_LATER)


def combination(seed: int) -> Account:
    """Draw an account from a seed."""
    dice = random.Random(seed)  # noqa: S311
    switches: dict[str, Value] = {}
    for name, switch in of_accounts():
        if dice.random() >= _OFTEN:
            continue
        if switch.of is not None:
            chosen: Value = _together(part for part in switch.of if dice.random() < _OFTEN)
        else:
            chosen = dice.choice(other_values(name, switch))
        tried = _account("", "", {**switches, name: chosen})
        if not any(one.holds(tried) for one in unworkable()):
            switches[name] = chosen
    settings = dict(USUAL)
    if dice.random() < _KNOWS_ITS_FORM and (fields := _payment_fields(switches)):
        settings["target-netsuite-payments"] = {"payment_fields": fields}
    return Account(f"seed {seed}", "", dice.choice(shipped()), switches, settings, "")


def _payment_fields(switches: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return what a firm sets whose form of payments asks for some fields and does not show others."""
    hidden = {*listed(str(switches.get("netsuite.payment_hidden_fields", "")))}
    fields: dict[str, Any] = {name: OMIT for name in DISPENSABLE if name in hidden}
    asked = {*listed(str(switches.get("netsuite.payment_mandatory", "")))}
    if switches.get("netsuite.payment_form") == "custom":
        asked |= {"location", "custbody_payment_type"}
    for name in sorted(asked - hidden):
        if switches.get(_FEATURES.get(name, ""), True):
            fields[name] = _ASKED[name]
    return fields


def _together(parts: Iterable[str]) -> str:
    """Join parts of a list; of several levels of one permission the last holds."""
    return ", ".join({part.partition(": ")[0]: part for part in parts}.values())


def _account(name: str, contract: str, switches: dict[str, Value]) -> Account:
    return Account(name, "", contract, switches, USUAL, "")


def _spoken(name: str) -> str | None:
    """Return the contract that a switch is about, where it is about one."""
    spoken = {
        "partner": ("token_seconds", "results", "successful", "day_zone"),
        "avidsuite": ("page_count", "page_links", "new_statuses", "failing_sign_ins"),
    }
    own = name.removeprefix("avidxchange.")
    return next((contract for contract, names in spoken.items() if own in names), None)


@cache
def _samples() -> Any:  # noqa: ANN401
    return msgspec.yaml.decode(_SAMPLES.read_bytes())
