"""What every run of a plugin's program loads, loaded: for the process that all of them are forked from."""

from __future__ import annotations

import gc
import os
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from pkgutil import iter_modules

import cryptography.hazmat.backends.openssl.backend  # noqa: F401 - asked for by what reads a key
import fsspec.implementations.chained  # noqa: F401 - asked for by what opens the spool
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401 - the ledger's engine asks for it by name

import apbridge_operator.cli.reconcile  # noqa: F401 - a command is imported only when it is run
from apbridge.avidxchange.profile import Profile
from apbridge.avidxchange.profile_files import shipped
from apbridge.errors.catalogue import catalogue
from apbridge.schemas import CANONICAL, validator
from tap_avidxchange.tap import TapAvidXchange
from tap_netsuite_ap.manifest import manifest
from tap_netsuite_ap.tap import TapNetSuiteAP
from target_avidxchange.target import TargetAvidXchange
from target_netsuite_payments.target import TargetNetSuitePayments
from tests.statements import compile_usual, share

PLUGINS = {
    plugin.name: plugin
    for plugin in (TapAvidXchange, TapNetSuiteAP, TargetAvidXchange, TargetNetSuitePayments)
}

# What a plugin imports, reads and compiles only for a run.
import_module("_strptime")
for _package in (
    "apbridge.ledger",
    "apbridge.redaction",
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
catalogue()
manifest()
# Each start asks for versions, and nothing is installed while tests run.
metadata.version = cache(metadata.version)
for _plugin in PLUGINS.values():
    assert _plugin.plugin_version
    assert _plugin.sdk_version
share()
# This process may be started by a test that has a vault of its own.
os.environ["APBRIDGE_VAULT"] = str(Path(os.devnull, "vault.json"))
compile_usual()
# What is never collected is never written to: each process keeps sharing it.
gc.freeze()
