"""One reconciliation, in a process of its own so that its memory is its own; prints what it took as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from time import perf_counter

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.reconcile import Cause, reconcile
from benchmarks.reader.reading import config
from benchmarks.telling.peak import peak_mb


def main() -> None:
    """Compare both systems at the address that the argument names."""
    url = sys.argv[1]
    other = {"base_url": url, "company_token": "c", "user_token": "u"}
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(f"sqlite:///{folder}/ledger.db") as ledger,
        NetSuite(NetSuiteSettings.from_config({**config(url), "account_id": "1234567"})) as netsuite,
        AvidXchange(AvidXchangeSettings.from_config(other)) as avidxchange,
    ):
        for plugin in ("target-avidxchange", "target-netsuite-payments"):
            ledger.start_run(plugin, "1.0").finish("finished", {})
        began = perf_counter()
        result = reconcile(netsuite, avidxchange, ledger)
        told = {
            "seconds": perf_counter() - began,
            "bills": result.bills,
            "differences": len(result.differences),
            "by_hand": sum(one.cause is Cause.BY_HAND for one in result.differences),
            "peak_mb": peak_mb(),
        }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
