"""Everything that the sandbox's handlers share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from apbridge_sandbox.calls import Calls
from apbridge_sandbox.clock import Clock
from apbridge_sandbox.company import CompanySize, seed_company
from apbridge_sandbox.faults import Faults
from apbridge_sandbox.script_process import ScriptProcess
from apbridge_sandbox.store import Store
from apbridge_sandbox.switches import Switches
from apbridge_sandbox.switches.like import Like


@dataclass(frozen=True)
class Options:
    """How the sandbox was started.

    Attributes:
        company: The company to seed when the file holds none.
        latency_ms: Every answer takes at least this long.
        concurrency_limit: Calls that NetSuite allows in flight; 5 is a standard account's.
        switches: Those that stand otherwise than by default.
        suitescript: The SDF project whose RESTlets answer; the one delivered with the sandbox otherwise.
    """

    company: CompanySize = field(default_factory=CompanySize)
    latency_ms: int = 0
    concurrency_limit: int = 5
    suitescript: Path | None = None
    switches: Mapping[str, Any] = field(default_factory=dict)

    def like(self, account: Like) -> Options:
        """Return the options of a sandbox that behaves as an account that was surveyed."""
        limit = account.concurrency_limit or self.concurrency_limit
        return replace(self, switches={**self.switches, **account.switches}, concurrency_limit=limit)


class Sandbox:
    """Both systems' books, their clock, and what the control API changes.

    Handlers reach it by `request.app.state.sandbox`.
    """

    def __init__(self, path: Path, options: Options | None = None) -> None:
        self.options = options or Options()
        self.store = Store(path)
        self.clock = Clock(self.store)
        self.switches = Switches(self.options.switches)
        self.faults = Faults()
        self.calls = Calls()
        self.scripts = ScriptProcess()

    def seed_if_empty(self) -> None:
        """Make the company, unless the file already holds one."""
        if self.store.setting("seed") is None:
            seed_company(self.store, self.clock, self.options.company)

    def close(self) -> None:
        """Close the books, and end what runs scripts."""
        self.scripts.close()
        self.store.close()
