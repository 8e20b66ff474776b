"""Payments over bills on several payables accounts: NetSuite takes one vendor payment for each account.

Each has an external id of its own, made of the payment's and the account's; all else is as of any payment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from apbridge.errors import APBridgeError, RejectedError, UnderWayError
from apbridge.schemas.identifiers import BILL, internal_id, part_external_id, whole_payment
from apbridge.schemas.payment import Allocation, Payment
from apbridge.singer import Action
from target_netsuite_payments.books import Bill, Recorded
from target_netsuite_payments.done import Done
from target_netsuite_payments.headers import WAY, way
from target_netsuite_payments.known import Known

PARTS = "parts"
"""Name of the fact that tells which vendor payments stand for a payment, by external id."""

_ACTIONS = (Action.CREATED, Action.UPDATED, Action.CANCELLED)


class Parts:
    """Which payments of a batch are several vendor payments.

    Args:
        payments: The batch.
        bills: What they pay.
        account: NetSuite account id.
        known: What the ledger knows of them. What was one vendor payment once stays one.
    """

    def __init__(
        self,
        payments: Iterable[Payment],
        bills: Mapping[str, Bill],
        account: str,
        known: Known,
    ) -> None:
        self._known = known.parts
        several = [payment for payment in payments if payment.external_id not in known.remote_ids]
        self.possible = [payment.external_id for payment in several]
        """External ids of payments that may have parts in NetSuite, be it of other accounts than now: it may
        have been over several bills before AvidXchange corrected it, and a void may name none."""
        found = {payment.external_id: _parts_of(payment, bills, account) for payment in several}
        self._parts = {name: parts for name, parts in found.items() if parts}
        self._wholes = {part.external_id: name for name, parts in self._parts.items() for part in parts}
        self._under_way = known.under_way(self.possible)
        self._standing: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._voided: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def apart(self, payments: Iterable[Payment], posted: Mapping[str, Recorded]) -> list[Payment]:
        """Return payments with parts in the place of those that have some and are not posted whole.

        Args:
            payments: The batch.
            posted: What NetSuite holds of them, and of all parts that they ever had, by external id.
        """
        for name, recorded in posted.items():
            self._parts.pop(name, None)
            found = self._voided if recorded.is_voided else self._standing
            found[whole_payment(name)][name] = recorded.id
        return [part for payment in payments for part in self._parts.get(payment.external_id, [payment])]

    def of(self, external_id: str) -> Sequence[Payment]:
        """Return the parts of a payment; none where it is one vendor payment."""
        return self._parts.get(external_id, ())

    def check_known(self, payment: Payment) -> None:
        """Make sure that a payment is taken apart as it was before.

        Raises:
            RejectedError: It is not, so that what stands for it cannot be told; or some was voided, or may
                still arrive.
        """
        names = {part.external_id for part in self.of(payment.record)} or {payment.record}
        known = {name: each["id"] for name, each in self._known.get(payment.record, {}).items()}
        known |= self._standing[payment.record]
        if {*known} - names:
            remote_ids = ", ".join(sorted({*known.values()}, key=int))
            raise RejectedError("APB-PAY-087", payment=payment.id, remote_ids=remote_ids)
        if payment.is_undone:
            return
        for name in sorted(self._voided[payment.record].keys() - names):
            raise RejectedError(
                "APB-PAY-041", payment=payment.id, remote_id=self._voided[payment.record][name]
            )
        if sent := self._under_way.get(payment.record, set()) - names:
            raise RejectedError("APB-PAY-088", payment=payment.id, names=", ".join(sorted(sent)))

    def carry_out(self, external_id: str, one: Callable[[str], Done]) -> Done:
        """Carry a payment out, or all of its parts, and return what became of them together.

        Args:
            external_id: The payment's.
            one: Carries a payment or a part out, by its external id.

        Raises:
            RejectedError: None could be; or one could not be undone.
            OutcomeUnknownError: What became of one could not be found out.
        """
        parts = self.of(external_id)
        if not parts:
            return one(external_id)
        done: dict[str, Done] = {}
        failed: RejectedError | None = None
        for part in parts:
            try:
                done[part.external_id] = one(part.external_id)
            except RejectedError as found:  # noqa: PERF203 - each part for itself
                failed = failed or found
        if failed and (not done or parts[0].is_undone):
            raise failed
        return self._together(external_id, parts[0], done, failed)

    def together(self, found: Iterable[tuple[str, APBridgeError]]) -> list[tuple[str, APBridgeError]]:
        """Return what was found of parts as found of their payments; of each payment the worst comes last."""
        return sorted(((self._wholes.get(name, name), why) for name, why in found), key=_gravity)

    def _together(
        self, external_id: str, first: Payment, done: Mapping[str, Done], failed: RejectedError | None
    ) -> Done:
        standing = {
            name: {"id": one.remote_id, **one.facts, WAY: way(first)}
            for name, one in done.items()
            if one.remote_id
        }
        remote_ids = ", ".join(sorted({str(one["id"]) for one in standing.values()}, key=int))
        if failed:
            says = failed.says.rstrip(".")
            failed = RejectedError("APB-PAY-086", payment=first.id, remote_ids=remote_ids, says=says)
        actions = {one.action for one in done.values()}
        return Done(
            None if all(one.remote_id is None for one in done.values()) else remote_ids,
            next((action for action in _ACTIONS if action in actions), None),
            "; ".join(dict.fromkeys(one.note for one in done.values() if one.note)),
            next((one.waits_for for one in done.values() if one.waits_for), None),
            {PARTS: {**self._known.get(external_id, {}), **standing}},
            failed or next((one.not_taken for one in done.values() if one.not_taken), None),
            failed=failed is not None,
        )


def _gravity(found: tuple[str, APBridgeError]) -> int:
    return 2 if isinstance(found[1], RejectedError) else int(isinstance(found[1], UnderWayError))


def _parts_of(payment: Payment, bills: Mapping[str, Bill], account: str) -> list[Payment]:
    """Take a payment apart by payables account; none where it has one, or they cannot be told."""
    by_account: defaultdict[str, list[Allocation]] = defaultdict(list)
    for each in payment.allocations:
        bill = bills.get(internal_id(each.invoice, account, BILL) or "")
        if bill is None or bill.ap_account is None or each.amount <= 0:
            return []
        by_account[bill.ap_account].append(each)
    is_whole = sum(each.amount for each in payment.allocations) == payment.amount
    if len(by_account) == 1 or payment.left_out or not is_whole:
        return []
    return [
        replace(
            payment,
            external_id=part_external_id(payment.external_id, ap_account),
            part_of=payment.external_id,
            amount=sum((each.amount for each in some), start=payment.amount * 0),
            allocations=tuple(some),
        )
        for ap_account, some in sorted(by_account.items(), key=lambda one: int(one[0]))
    ]
