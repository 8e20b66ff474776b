"""What every run of a plugin's program loads, loaded: for the process that all of them are forked from."""

from __future__ import annotations

import gc

import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401 - the ledger's engine asks for it by name

from apbridge.avidxchange.profile import Profile, shipped
from apbridge.schemas import CANONICAL, validator
from tap_avidxchange.tap import TapAvidXchange
from tap_netsuite_ap.tap import TapNetSuiteAP
from target_avidxchange.target import TargetAvidXchange
from target_netsuite_payments.target import TargetNetSuitePayments

PLUGINS = {
    plugin.name: plugin
    for plugin in (TapAvidXchange, TapNetSuiteAP, TargetAvidXchange, TargetNetSuitePayments)
}

for _name in CANONICAL:
    validator(_name)
for _name in shipped():
    Profile.load(_name)
# What is never collected is never written to: each process keeps sharing it.
gc.freeze()
