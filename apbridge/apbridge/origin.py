"""Where bookmarks and ledger are from: which account or company, on which host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""This machine by its names."""

_NAMES = {"netsuite": "NetSuite", "avidxchange": "AvidXchange"}


@dataclass(frozen=True, slots=True)
class Origin:
    """One system as one plugin's settings name it.

    Args:
        system: `netsuite` or `avidxchange`.
        facts: What tells it from others of its kind, such as `account` and `host`; what is not known is
            left out.
        proof: A fingerprint of what signs in: where that is the same, nobody need ask which company it is.
        login: A fingerprint of who signs in, where nothing else tells one company from another.
        is_vouched_for: Whether somebody has said that this login is of the same company as the one before.
    """

    system: str
    facts: Mapping[str, str]
    proof: str | None = None
    login: str | None = None
    is_vouched_for: bool = False

    @classmethod
    def of(cls, system: str, base_url: str, **facts: str | None) -> Origin:
        """Make one from an address and what else is known.

        Args:
            system: `netsuite` or `avidxchange`.
            base_url: Its address; only the host counts, for a path may differ by contract.
            facts: The account or the company; None where it is not known.
        """
        known = {name: value for name, value in facts.items() if value is not None}
        return cls(system, {**known, "host": urlsplit(base_url).netloc.lower()})

    @classmethod
    def from_json(cls, value: Any) -> Origin | None:  # noqa: ANN401
        """Read what `as_json` gave; None where it is nothing of the kind."""
        if not isinstance(value, dict) or not isinstance(value.get("system"), str):
            return None
        texts = {name: one for name, one in value.items() if isinstance(one, str)}
        return cls(
            texts.pop("system"),
            proof=texts.pop("proof", None),
            login=texts.pop("login", None),
            is_vouched_for=texts.pop("vouched_for", "no") == "yes",
            facts=texts,
        )

    def as_json(self) -> dict[str, str]:
        """Return it as STATE and ledger keep it."""
        proof = {} if self.proof is None else {"proof": self.proof}
        vouched_for = "yes" if self.is_vouched_for else "no"
        login = {} if self.login is None else {"login": self.login, "vouched_for": vouched_for}
        return {"system": self.system, **self.facts, **proof, **login}

    def agrees(self, now: Origin) -> bool:
        """Return whether both may be the same: whatever both know is equal.

        Args:
            now: What it is now, where this is what it was.
        """
        both = self.facts.keys() & now.facts.keys()
        is_same_login = None in {self.login, now.login} or self.login == now.login or now.is_vouched_for
        is_same = self.system == now.system and all(self.facts[name] == now.facts[name] for name in both)
        return is_same and is_same_login

    def __str__(self) -> str:
        """Return it in words, such as `NetSuite account 1234567 at 1234567.suitetalk.api.netsuite.com`."""
        about = [f"{name} {value}" for name, value in self.facts.items() if name != "host"]
        about += [] if self.login is None else [f"login {self.login}"]
        host = self.facts.get("host")
        return " ".join([_NAMES.get(self.system, self.system), *about, *([f"at {host}"] if host else [])])
