"""The records that a trial makes on a company for tests: none is anybody's, and each is known by its name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from apbridge.schemas.identifiers import DIMENSIONS

Record = Mapping[str, Any]

CODE = "APBTRIAL"
"""The code of the account and of each dimension's value."""

PURPOSE = "Made by apbridge profile try; nobody is to be paid"

_PREFIX = "apbridge-trial-"
_DOCUMENT = re.compile(rf"{_PREFIX}[0-9]{{14}}-[a-z]+-[a-z]+")


def is_of_a_trial(external_id: str) -> bool:
    """Return whether a document is one that a trial has made."""
    return bool(_DOCUMENT.fullmatch(external_id))


@dataclass(frozen=True)
class TrialRecords:
    """Makes them. Vendor and codes are the same in every trial, documents are of one each.

    Args:
        mark: Of this trial: fourteen digits.
        dimensions: Those of which a value is made.
        today: Their date.
        currency: Of their amounts.
    """

    mark: str
    dimensions: Sequence[str]
    today: date
    currency: str

    @property
    def vendor(self) -> Record:
        """The vendor."""
        return {
            "external_id": f"{_PREFIX}vendor",
            "number": CODE,
            "name": "apbridge trial, do not pay",
            "legal_name": "apbridge trial, legal name",
            "print_on_check_as": "apbridge trial, void",
            "is_person": False,
            "email": "nobody@example.com",
            "phone": "+1 555 0100",
            "currency": self.currency,
            "remit_to": {
                "addressee": "apbridge trial",
                "line1": "1 Test Street",
                "city": "Testville",
                "state": "CA",
                "postal_code": "90001",
                "country": "US",
            },
            "is_active": True,
        }

    @property
    def account(self) -> Record:
        """The GL account."""
        return {
            "external_id": f"{_PREFIX}account",
            "code": CODE,
            "name": "apbridge trial",
            "type": "Expense",
            "is_active": True,
            "is_postable": True,
        }

    def value(self, dimension: str) -> Record:
        """Return the value of a dimension."""
        return {
            "external_id": f"{_PREFIX}{dimension}",
            "dimension": dimension,
            "code": CODE,
            "full_name": "apbridge trial",
            "is_active": True,
        }

    def order(self) -> Record:
        """Return the purchase order."""
        line = self._line("1", "30.03") | {
            "item": "Paper",
            "quantity": 3,
            "rate": Decimal("10.01"),
            "quantity_received": 0,
            "quantity_billed": 0,
            "is_closed": False,
        }
        return self._document("order-one", "30.03") | {
            "order_date": self.today.isoformat(),
            "is_open": True,
            "lines": [line],
        }

    def closed(self, order: Record) -> Record:
        """Return an order that nothing more is to come of."""
        return {
            **order,
            "is_open": False,
            "lines": [{**line, "is_closed": True} for line in order["lines"]],
        }

    def invoice(self, name: str, **changes: Any) -> Record:  # noqa: ANN401
        """Return an invoice of two lines."""
        return {
            **self._document(f"invoice-{name}", "30.03"),
            "bill_date": self.today.isoformat(),
            "due_date": (self.today + timedelta(days=30)).isoformat(),
            "purchase_orders": [],
            "lines": [self._line("1", "10.01"), self._line("2", "20.02")],
            **changes,
        }

    def credit(self) -> Record:
        """Return a vendor's credit."""
        return self._document("credit-one", "30.03") | {
            "credit_date": self.today.isoformat(),
            "lines": [self._line("1", "30.03")],
        }

    def raised(self, invoice: Record) -> Record:
        """Return an invoice with ten more to pay."""
        return {
            **invoice,
            "total": Decimal("40.03"),
            "lines": [self._line("1", "20.01"), self._line("2", "20.02")],
        }

    def coded(self, invoice: Record, code: str) -> Record:
        """Return an invoice whose first line is on another account."""
        first, *others = invoice["lines"]
        return {**invoice, "lines": [{**first, "gl_code": code}, *others]}

    def _document(self, name: str, total: str) -> dict[str, Any]:
        external_id = f"{_PREFIX}{self.mark}-{name}"
        return {
            "external_id": external_id,
            "number": f"{CODE}-{self.mark[-6:]}-{name}",
            "vendor_external_id": self.vendor["external_id"],
            "vendor_remote_id": None,
            "currency": self.currency,
            "total": Decimal(total),
            "memo": PURPOSE,
        }

    def _line(self, number: str, amount: str) -> dict[str, Any]:
        return {
            "id": number,
            "gl_code": CODE,
            "amount": Decimal(amount),
            "codes": {name: CODE for name in self.dimensions if name in DIMENSIONS},
            "segments": {name: CODE for name in self.dimensions if name not in DIMENSIONS},
            "memo": f"Line {number}",
        }


PICTURE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def picture_facts() -> Mapping[str, Any]:
    """Return what is said of the picture."""
    return {
        "name": "apbridge-trial.pdf",
        "media_type": "application/pdf",
        "size": len(PICTURE),
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
    }
