"""Calls of NetSuite, signed in; what tests need of the company's books, and how they must always be."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import jwt
import requests

from apbridge_sandbox.testing import Running
from tests.waiting import PATIENCE

TOKEN = "/services/rest/auth/oauth2/v1/token"
SUITEQL = "/services/rest/query/v1/suiteql"
RECORDS = "/services/rest/record/v1"
PAYMENT = f"{RECORDS}/vendorPayment"
RESTLET = "/app/site/hosting/restlet.nl"
SCRIPT = {"script": "customscript_apbridge_restlet", "deploy": "customdeploy_apbridge_restlet"}
PROJECT = Path(__file__).parents[3] / "suitescript"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignedInNetSuite(requests.Session):
    """Calls paths of NetSuite with a good token."""

    def __init__(self, sandbox: Running) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.base = sandbox.netsuite_url
        self.key = Path(sandbox.credentials["NETSUITE_PRIVATE_KEY_PATH"]).read_text(encoding="utf-8")
        self.sign_in()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """Call a path."""
        return super().request(method, self.base + url, timeout=PATIENCE, **options)

    def sign_in(self, scope: object = ("restlets", "rest_webservices")) -> None:
        """Take a fresh token."""
        answer = self.ask_token(self.assertion(scope=scope))
        answer.raise_for_status()
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def assertion(
        self,
        *,
        key: Any = None,  # noqa: ANN401
        algorithm: str = "ES256",
        header: dict[str, Any] | None = None,
        **claims: Any,  # noqa: ANN401
    ) -> str:
        """Sign an assertion; a claim of None is left out."""
        now = int(time.time())
        given = {
            "iss": self.sandbox.credentials["NETSUITE_CLIENT_ID"],
            "scope": ["restlets", "rest_webservices"],
            "aud": self.base + TOKEN,
            "iat": now,
            "exp": now + 300,
        } | claims
        named = {"kid": self.sandbox.credentials["NETSUITE_CERTIFICATE_ID"]} | (header or {})
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers=named)

    def ask_token(self, assertion: str | None = None, **form: Any) -> requests.Response:  # noqa: ANN401
        """Call the token endpoint; a form value of None is left out."""
        given = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion or self.assertion(),
        } | form
        return requests.post(self.base + TOKEN, data=given, timeout=PATIENCE)

    def ask(self, query: str, **parameters: Any) -> requests.Response:  # noqa: ANN401
        """Send a query."""
        return self.post(SUITEQL, json={"q": query}, params=parameters, headers={"Prefer": "transient"})

    def page(self, query: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
        """Read a page of a query, each row without its links, which are empty."""
        answer = self.ask(query, **parameters)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        assert all(row.pop("links") == [] for row in page["items"])
        return page

    def rows(self, query: str, **parameters: Any) -> list[dict[str, str]]:  # noqa: ANN401
        """Read the rows of a page."""
        rows: list[dict[str, str]] = self.page(query, **parameters)["items"]
        return rows

    def restlet(self, body: object, **options: Any) -> requests.Response:  # noqa: ANN401
        """Call our RESTlet."""
        return self.post(RESTLET, params=SCRIPT, json=body, **options)

    def bill(self, bill: SeededBill) -> dict[str, str]:
        """Read what payments may change of a bill."""
        (row,) = self.rows(
            "SELECT status, foreignamountunpaid AS unpaid, foreignamountpaid AS paid, closedate,"
            ' TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS modified'
            f" FROM transaction WHERE id = {bill.id}"
        )
        return row

    def accounting(self, payment: str) -> list[tuple[str, Decimal]]:
        """Read what a payment posts: account numbers and amounts, debits positive."""
        rows = self.rows(
            "SELECT a.acctnumber AS account, l.amount FROM transactionaccountingline l"
            f" JOIN account a ON a.id = l.account WHERE l.transaction = {payment}"
            " AND l.accountingbook = 1 ORDER BY l.transactionline ASC"
        )
        return [(row["account"], Decimal(row["amount"])) for row in rows]

    def switch(self, **switches: Any) -> None:  # noqa: ANN401
        """Set switches of NetSuite."""
        self.sandbox.control(
            "/control/switches", {f"netsuite.{name}": value for name, value in switches.items()}
        )


@dataclass(frozen=True)
class SeededBill:
    """An open bill, the bank account that can pay it, and what is open."""

    id: str
    vendor: str
    bank: str
    unpaid: Decimal

    def payment(self, amount: Decimal | None = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the body of a payment of this bill."""
        line = {
            "doc": {"id": self.id},
            "apply": True,
            "amount": float(self.unpaid if amount is None else amount),
        }
        body: dict[str, Any] = {
            "entity": {"id": self.vendor},
            "account": {"id": self.bank},
            "apply": {"items": [line]},
        }
        return body | fields


def open_bill(conn: sqlite3.Connection, number: int, bank: int) -> SeededBill:
    row = conn.execute("SELECT * FROM ns_transaction WHERE id = ?", (number,)).fetchone()
    unpaid = Decimal(row["total_cents"] - row["paid_cents"]) / 100
    return SeededBill(str(number), str(row["entity"]), str(bank), unpaid)


def posted_id(answer: requests.Response) -> str:
    """Return the internal id of what was written; a write answers with its Location alone."""
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    return answer.headers["Location"].rpartition("/")[2]


def error_of(answer: requests.Response) -> dict[str, Any]:
    """Return the one error of a refusal of SuiteTalk REST, whose frame is checked."""
    body = answer.json()
    assert set(body) == {"type", "title", "status", "o:errorDetails"}
    assert body["status"] == answer.status_code
    (error,) = body["o:errorDetails"]
    return dict(error)


def audit(conn: sqlite3.Connection) -> None:
    """Check that NetSuite's books are in order, whatever happened."""
    unbalanced = conn.execute(
        'SELECT "transaction" FROM ns_transactionaccountingline GROUP BY "transaction"'
        " HAVING SUM(COALESCE(debit_cents, 0)) <> SUM(COALESCE(credit_cents, 0))"
    ).fetchall()
    assert not unbalanced
    lines = conn.execute(
        'SELECT "transaction" FROM ns_transactionline l JOIN ns_transaction t ON t.id = l."transaction"'
        " WHERE t.type <> 'PurchOrd' GROUP BY l.\"transaction\" HAVING SUM(amount_cents) <> 0"
    ).fetchall()
    assert not lines
    bills = conn.execute(
        "SELECT t.*, (SELECT COALESCE(SUM(foreignamount_cents), 0) FROM ns_link WHERE previousdoc = t.id"
        " AND linktype = 'Payment') AS applied FROM ns_transaction t WHERE type = 'VendBill'"
    )
    for bill in bills:
        assert bill["paid_cents"] == bill["applied"]
        assert 0 <= bill["paid_cents"] <= bill["total_cents"]
        is_paid = bill["paid_cents"] == bill["total_cents"]
        assert (bill["status"] == "B") == is_paid
        assert (bill["closedate"] is not None) == is_paid
    payments = conn.execute(
        "SELECT t.*, (SELECT COALESCE(SUM(IIF(previoustype = 'VendCred', -1, 1) * foreignamount_cents"
        " - discount_cents), 0) FROM ns_link WHERE nextdoc = t.id"
        " AND linktype IN ('Payment', 'Pending')) AS applied FROM ns_transaction t WHERE type = 'VendPymt'"
    )
    for payment in payments:
        assert payment["total_cents"] == payment["applied"]
    credited = conn.execute(
        "SELECT t.*, (SELECT COALESCE(SUM(foreignamount_cents), 0) FROM ns_link WHERE t.id IN"
        " (previousdoc, nextdoc) AND linktype = 'Payment') AS applied FROM ns_transaction t"
        " WHERE type = 'VendCred'"
    )
    for credit in credited:
        assert credit["paid_cents"] == credit["applied"]
        assert 0 <= credit["paid_cents"] <= credit["total_cents"]
    dangling = conn.execute(
        "SELECT 1 FROM ns_link WHERE NOT EXISTS (SELECT 1 FROM ns_transaction WHERE id = nextdoc)"
        " OR NOT EXISTS (SELECT 1 FROM ns_transaction WHERE id = previousdoc)"
    ).fetchall()
    assert not dangling
