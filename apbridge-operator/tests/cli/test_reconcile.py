from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apbridge.ledger import RowUpdate, Status
from apbridge_operator.cli import context, reconcile
from apbridge_operator.cli.company import working_for
from apbridge_operator.cli.reconcile import conclusion
from apbridge_operator.companies import companies
from apbridge_operator.reconcile import Cause, Difference, Reconciliation
from demo.meltano import ROOT

_ABOUT = ("INV-1", "Acme", "", "USD", Decimal(1), None)


def difference(cause: Cause) -> Difference:
    return Difference("bill", "netsuite-1-vendorbill-1", *_ABOUT, cause, "", "", None, None, has_passed=False)


@pytest.mark.parametrize(
    ("compared", "causes", "said"),
    [
        ((1, 1), [], "1 bill and 1 payment compared. In balance: no differences."),
        (
            (2, 0),
            [Cause.REJECTED],
            "2 bills and 0 payments compared. In balance: 1 difference, each with its",
        ),
        ((2, 2), [Cause.UNEXPLAINED], "1 of 1 difference is unexplained or cannot wait."),
        ((2, 2), [Cause.UNEXPLAINED, Cause.REJECTED], "1 of 2 differences is unexplained or cannot wait."),
        ((2, 2), [Cause.UNEXPLAINED] * 2, "2 of 2 differences are unexplained or cannot wait."),
    ],
)
def test_what_was_compared_is_said_in_words(compared: tuple[int, int], causes: list[Cause], said: str):
    result = Reconciliation(None, *compared, differences=[difference(cause) for cause in causes])
    assert said in conclusion(result)


def test_what_another_company_of_the_account_has_posted_is_known_by_its_ledger(
    project: Path, apbridge: Callable[..., Any]
):
    shutil.copy(ROOT / "meltano.yml", project)
    accounts = {"acme": "1_SB1", "bolt": "1_sb1", "carp": "2"}
    table = "".join(f'  {name}: {{netsuite: {{account_id: "{id_}"}}}}\n' for name, id_ in accounts.items())
    (project / "companies.yaml").write_text(f"companies:\n{table}")
    assert apbridge("companies", "write").code == 0
    acme, bolt, carp = companies(project)
    for company, posted in ((acme, "1"), (bolt, "2"), (carp, "3")):
        rows = [
            RowUpdate("payments", f"{posted}-posted", None, "h", Status.DELIVERED),
            RowUpdate("payments", f"{posted}-refused", None, "h", Status.REJECTED, code="APB-PAY-029"),
        ]
        with working_for(company), context.ledger() as ledger:
            ledger.write(ledger.start_run("target-netsuite-payments", "1").id, "netsuite", rows)
    names = [f"{posted}-{became}" for posted in "123" for became in ("posted", "refused")]
    for company, theirs in ((acme, {"2-posted"}), (bolt, {"1-posted"}), (carp, set())):
        with working_for(company):
            assert reconcile._posted_by_others(names) == theirs
