"""Prints a pool for each NetSuite account of `schedules.json`, for `airflow pools import`.

Usage: python pools.py schedules.json [slots] > pools.json
"""

import json
import sys
from pathlib import Path


def pools(schedules: list[dict[str, str]], slots: int) -> dict[str, dict[str, object]]:
    """Return the pools by name: how many runs may call an account at once."""
    return {
        f"netsuite-{one['account']}": {
            "slots": slots,
            "description": "Runs that call this NetSuite account at once",
            "include_deferred": False,
        }
        for one in schedules
    }


if __name__ == "__main__":
    found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(pools(found, int((sys.argv[2:] or ["1"])[0])), indent=2))
