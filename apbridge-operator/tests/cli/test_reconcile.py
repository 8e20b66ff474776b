from __future__ import annotations

from decimal import Decimal

import pytest

from apbridge_operator.cli.reconcile import conclusion
from apbridge_operator.reconcile import Cause, Difference, Reconciliation

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
