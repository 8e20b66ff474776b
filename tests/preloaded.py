"""What every run of a plugin's program loads, loaded: for the process that all of them are forked from."""

from __future__ import annotations

import gc
from importlib import import_module
from pkgutil import iter_modules

import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401 - the ledger's engine asks for it by name

import apbridge_operator.cli.reconcile  # noqa: F401 - a command is imported only when it is run
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.profile_files import shipped
from apbridge.schemas import CANONICAL, validator
from tap_avidxchange.tap import TapAvidXchange
from tap_netsuite_ap.tap import TapNetSuiteAP
from target_avidxchange.target import TargetAvidXchange
from target_netsuite_payments.target import TargetNetSuitePayments

PLUGINS = {
    plugin.name: plugin
    for plugin in (TapAvidXchange, TapNetSuiteAP, TargetAvidXchange, TargetNetSuitePayments)
}

# What a plugin imports only for a run.
for _package in (
    "apbridge.ledger",
    "apbridge.singer",
    "tap_avidxchange",
    "tap_netsuite_ap",
    "target_avidxchange",
    "target_netsuite_payments",
):
    for _module in iter_modules(import_module(_package).__path__, f"{_package}."):
        import_module(_module.name)
for _name in CANONICAL:
    validator(_name)
for _name in shipped():
    Profile.load(_name)
# What is never collected is never written to: each process keeps sharing it.
gc.freeze()
