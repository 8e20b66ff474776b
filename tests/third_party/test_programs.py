"""Our plugins beside other people's, from the package registry, unmodified."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from apbridge_sandbox.testing import Running
from demo.meltano import PROGRAMS
from tests.plugins import environment
from tests.third_party.programs import THIRD_PARTY, run


def test_our_tap_feeds_another_projects_target(company: Running, tmp_path: Path):
    messages = run(
        PROGRAMS / "tap-netsuite-ap",
        "--config=ENV",
        env=environment(company, "tap-netsuite-ap", spool_url=str(tmp_path / "spool")),
        cwd=tmp_path,
    )
    run(THIRD_PARTY / "target-jsonl/bin/target-jsonl", stdin=messages, cwd=tmp_path)

    written = next(tmp_path.glob("bills*.jsonl")).read_text(encoding="utf-8").splitlines()
    bills = {bill["id"]: bill for bill in (json.loads(line, parse_float=Decimal) for line in written)}
    books = {bill["id"]: bill for bill in company.books()["netsuite"]["bills"]}
    assert len(written) == len(bills)
    assert bills.keys() == books.keys()
    assert {i: Decimal(b["total"]) for i, b in bills.items()} == {
        i: Decimal(b["total"]) for i, b in books.items()
    }


def test_another_projects_tap_feeds_our_target(changing_company: Running, tmp_path: Path):
    departments: list[dict[str, Any]] = [
        {
            "id": str(number),
            "external_id": f"erp-main-department-{number}",
            "name": f"Department {number}",
            "full_name": f"Company : Department {number}",
            "parent_id": None,
            "subsidiary_ids": [],
            "is_active": True,
            "modified_at": "2026-11-01T00:00:00Z",
        }
        for number in range(1, 8)
    ]
    (tmp_path / "departments.jsonl").write_text("\n".join(map(json.dumps, departments)) + "\n")
    config = {"path": "departments.jsonl", "stream_name": "departments", "primary_keys": ["id"]}
    (tmp_path / "config.json").write_text(json.dumps(config))

    messages = run(THIRD_PARTY / "tap-jsonl/bin/tap-jsonl", "--config=config.json", cwd=tmp_path)
    run(
        PROGRAMS / "target-avidxchange",
        "--config=ENV",
        stdin=messages,
        env=environment(
            changing_company, "target-avidxchange", ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}"
        ),
        cwd=tmp_path,
    )

    values = changing_company.books()["avidxchange"]["dimension_values"]
    assert {value["externalId"] for value in values} == {
        department["external_id"] for department in departments
    }
