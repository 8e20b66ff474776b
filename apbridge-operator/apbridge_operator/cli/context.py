"""What commands work with: each plugin's settings, the ledger, and both systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.settings import COMPANY, DEFAULT_LEDGER, text
from apbridge_operator.cli import company, meltano
from apbridge_operator.schedules import Schedule

if TYPE_CHECKING:
    from apbridge.avidxchange import AvidXchange
    from apbridge.netsuite import NetSuite

# The clients are imported where they are made: that takes longer than the ledger takes to answer.

TAP_NETSUITE, TARGET_AVIDXCHANGE = "tap-netsuite-ap", "target-avidxchange"
TAP_AVIDXCHANGE, TARGET_NETSUITE = "tap-avidxchange", "target-netsuite-payments"
PLUGINS = (TAP_NETSUITE, TARGET_AVIDXCHANGE, TAP_AVIDXCHANGE, TARGET_NETSUITE)


def config(plugin: str) -> Mapping[str, Any]:
    """Return a plugin's settings as `meltano run` would in this folder and environment."""
    return meltano.config(Path(), plugin, company.environ())


def schedules() -> list[Schedule]:
    """Return what is to run when, in this folder and environment."""
    return meltano.schedules(Path(), company.environ())


def schedules_of_all() -> list[Schedule]:
    """Return what is to run when of every company; of the environment in force where there is no table."""
    return [found for _ in company.each(None) for found in schedules()]


def ledger() -> Ledger:
    """Open the ledger that both targets share.

    Raises:
        SettingError: Its URL is not usable; or this is no project's folder, and nothing names a ledger.
        UnavailableError: It cannot be reached.
    """
    settings = config(TARGET_AVIDXCHANGE)
    url = text(settings, "ledger_url")
    # A ledger that is made here, in the wrong folder, would say that nothing waits.
    if (
        not url
        and not Path("meltano.yml").exists()
        and not Path(DEFAULT_LEDGER.removeprefix("sqlite:///")).exists()
    ):
        raise SettingError("APB-CLI-006", folder=Path.cwd())
    return Ledger(url or DEFAULT_LEDGER, company=settings.get(COMPANY))


def netsuite(plugin: str = TARGET_NETSUITE) -> NetSuite:
    """Make the NetSuite client that a plugin would use; a context manager.

    Raises:
        SettingError: A setting is missing or wrong; it says which.
    """
    from apbridge.netsuite import NetSuite, NetSuiteSettings  # noqa: PLC0415

    return NetSuite(NetSuiteSettings.from_config(config(plugin)))


def avidxchange(plugin: str = TARGET_AVIDXCHANGE) -> AvidXchange:
    """Make the AvidXchange client that a plugin would use; a context manager.

    Raises:
        SettingError: A setting is missing or wrong; it says which.
    """
    from apbridge.avidxchange import AvidXchange, AvidXchangeSettings  # noqa: PLC0415

    return AvidXchange(AvidXchangeSettings.from_config(config(plugin)))
