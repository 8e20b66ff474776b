"""A dry run's writes: none. What is checked before and read besides is as in any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from typing_extensions import override

from apbridge.ledger.credits import Pairs
from apbridge.schemas.payment import Payment
from apbridge.schemas.shares import BillShare
from apbridge.singer import Action
from target_netsuite_payments.amendments import Amendments
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.done import Done
from target_netsuite_payments.posting import Posting

UNKNOWN = ""
"""Internal id of a vendor payment that was not made."""


class DryRun(Posting):
    """Answers every write as if it had come off. What NetSuite itself might refuse is not predicted."""

    @override
    def post(
        self,
        payment: Payment,
        body: Mapping[str, Any],
        shares: Mapping[str, BillShare],
        bills: Sequence[Bill],
        amendments: Amendments,
    ) -> str:
        return UNKNOWN

    @override
    def link(self, payment: Payment, shares: Mapping[str, BillShare], recorded: Recorded) -> str:
        return recorded.id

    @override
    def tell(self, payment: Payment, done: Done, change: Mapping[str, str | None]) -> Done:
        return replace(done, action=done.action or Action.UPDATED)

    @override
    def change(self, payment: Payment, recorded: Recorded, head: Mapping[str, Any]) -> None: ...

    @override
    def apply(self, payment: Payment, credit: str, totals: Mapping[str, Decimal], covers: Pairs) -> None: ...

    @override
    def delete(self, payment: Payment, recorded: Recorded, reason: str | None) -> None: ...

    @override
    def void(self, payment: Payment, recorded: Recorded) -> str:
        return recorded.id
