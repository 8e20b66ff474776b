"""A large company's ledger after a year: bills, exceptions, payments, and the trail of all writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from apbridge.errors import RejectedError
from apbridge.json import dumps
from apbridge.ledger import Ledger, RowUpdate, Status
from apbridge.ledger.audit import _CHAINED, _hash
from apbridge.ledger.tables import audit, audit_head

_BATCH = 5000


def fill(url: str, rows: int) -> None:
    """Write so many rows: of each ten, seven bills are delivered and two rejected, and one is a payment."""
    with Ledger(url) as ledger:
        run = ledger.start_run("target-avidxchange", "1.0")
        for start in range(0, rows, _BATCH):
            numbers = range(start, min(start + _BATCH, rows))
            ledger.write(run.id, "avidxchange", [_bill(number) for number in numbers if number % 10])
            ledger.write(run.id, "netsuite", [_payment(number) for number in numbers if not number % 10])
        _write_trail(ledger, run.id, rows)
        run.finish("finished", {"bills": {"delivered": rows}})
        if not ledger.verify().is_whole:
            message = "the trail is not whole"
            raise RuntimeError(message)


def _name(number: int) -> str:
    return f"netsuite-1234567-vendorbill-{number}" if number % 10 else f"avidxchange-payment-{number}"


def _bill(number: int) -> RowUpdate:
    payload = {
        "id": str(number),
        "number": f"INV-{number + 1}",
        "total": Decimal(number) + Decimal("0.25"),
        "currency": "USD",
        "lines": [{"id": str(line), "memo": "Office supplies, second floor" * 4} for line in range(12)],
    }
    about = ("bills", _name(number), str(number), f"hash-{number}")
    if number % 5 != 1:
        return RowUpdate(
            *about, Status.DELIVERED, acknowledged=True, remote_id=f"ax-{number}", payload=payload
        )
    code = "APB-TAX-020" if number % 50 == 1 else "APB-SNG-011"
    error = RejectedError(
        code, name=payload["number"], external_id=_name(number), open="0.00", total="1.00", ending="x"
    )
    return RowUpdate(*about, Status.REJECTED, code=code, says=error.says, do=error.do, payload=payload)


def _payment(number: int) -> RowUpdate:
    bill = {"invoice_external_id": _name(number + 1), "amount": Decimal(1), "discount": Decimal(0)}
    payload = {"id": str(number), "check_number": f"CHK-{number // 10 * 10}", "allocations": [bill]}
    return RowUpdate("payments", _name(number), str(number), "h", Status.DELIVERED, payload=payload)


def _write_trail(ledger: Ledger, run_id: int, rows: int) -> None:
    """Write two rows for each write, chained as the trail does it; one commit a write would take hours."""
    seq, previous = 0, "0" * 64
    for start in range(0, rows, _BATCH):
        made = []
        for row in _links(run_id, range(start, min(start + _BATCH, rows)), seq):
            row["previous"] = previous
            row["hash"] = previous = _hash(row)
            made.append(row)
        seq += len(made)
        with ledger.database.writing() as connection:
            connection.execute(audit.insert(), made)
            connection.execute(audit_head.update().values(seq=seq, hash=previous))


def _links(run_id: int, numbers: range, seq: int) -> Iterator[dict[str, Any]]:
    at = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    for number in numbers:
        system = "avidxchange" if number % 10 else "netsuite"
        about = {"at": at, "run_id": run_id, "actor": "target 1.0, me@here", "system": system}
        about |= {"operation": "upsert", "external_id": _name(number)}
        body = dumps({"number": f"INV-{number + 1}", "memo": "x" * 300}).decode()
        seq += 1
        yield dict.fromkeys(_CHAINED) | about | {"seq": seq, "phase": "sent", "body": body}
        answered = {"seq": seq + 1, "phase": "answered", "answers": seq, "status": 201, "body": '{"id":"1"}'}
        seq += 1
        yield dict.fromkeys(_CHAINED) | about | answered
