"""The RESTlet: the very script that an administrator deploys, run over the books."""

# ruff: noqa: S608 - the queries are the tests' own

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
import requests

from apbridge_sandbox.netsuite.suitescript.engine import ScriptAccount
from apbridge_sandbox.store import Store
from apbridge_sandbox.switches import declared
from apbridge_sandbox.testing import Running
from tests.netsuite.signed_in import PROJECT, RECORDS, RESTLET, SCRIPT, SeededBill, SignedInNetSuite, audit

ACCOUNT = ScriptAccount("7654321", "America/Los_Angeles")


def _attach(store: Store, content: bytes, filetype: str = "PDF", *, to_bill: bool = True) -> str:
    with store.write() as conn:
        number = conn.execute("SELECT MAX(id) + 1 FROM ns_file").fetchone()[0]
        conn.execute(
            "INSERT INTO ns_file (id, name, filetype, filesize, content, sha256, lastmodifieddate)"
            " VALUES (?, 'a file', ?, ?, ?, '', '2026-07-19T03:04:05Z')",
            (number, filetype, len(content), content),
        )
        kind = "VendBill" if to_bill else "PurchOrd"
        holder = conn.execute("SELECT MIN(id) FROM ns_transaction WHERE type = ?", (kind,)).fetchone()[0]
        if holder:
            conn.execute(
                'INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', (holder, number)
            )
    return str(number)


ChangedScript = Callable[[str, str], None]


@pytest.fixture
def changed_script(sandbox: Running, tmp_path: Path) -> Iterator[ChangedScript]:
    """Replace a text of the script by another one, for this test."""
    assert sandbox.sandbox
    shutil.copytree(PROJECT / "src", tmp_path / "copy/src")
    script = tmp_path / "copy/src/FileCabinet/SuiteScripts/apbridge/apbridge_restlet.js"
    options = sandbox.sandbox.options
    sandbox.sandbox.options = replace(options, suitescript=tmp_path / "copy")

    def change(text: str, other: str) -> None:
        source = script.read_text(encoding="utf-8")
        assert text in source
        script.write_text(source.replace(text, other), encoding="utf-8")

    yield change
    sandbox.sandbox.options = options


def _refusal(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    return answer.status_code, body["error"]["code"]


def test_it_tells_its_version(netsuite: SignedInNetSuite):
    answer = netsuite.restlet({"action": "version"})
    assert answer.json() == {"version": "1.5.0", "account": "1234567_SB1", "user": "-5", "role": "3"}
    assert answer.headers["Content-Type"] == "application/json"


def test_it_lists_the_files_of_bills(netsuite: SignedInNetSuite, store: Store):
    number = _attach(store, b"x" * 3000, "PLAINTEXT")
    bills = [row["id"] for row in netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill'")]
    files = netsuite.restlet({"action": "files", "bills": bills}).json()["files"]
    with store.connection() as conn:
        attached = conn.execute(
            'SELECT a."transaction" AS bill, f.* FROM ns_transactionfile a JOIN ns_file f ON f.id = a.file'
        ).fetchall()
    assert {(file["bill"], file["id"]) for file in files} == {
        (str(row["bill"]), str(row["id"])) for row in attached
    }
    assert len(files) == len(attached)
    found = next(file for file in files if file["id"] == number)
    assert found == {
        "bill": found["bill"],
        "id": number,
        "name": "a file",
        "type": "PLAINTEXT",
        "size": 2048,  # the search tells whole kilobytes
        "modified": "2026-07-19T03:04:00Z",  # and whole minutes
    }
    payment = netsuite.rows("SELECT id FROM transaction WHERE type = 'VendPymt'")[0]["id"]
    assert netsuite.restlet({"action": "files", "bills": [payment, 999999]}).json() == {"files": []}


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("2026-07-19T03:04:00Z", True),
        ("2026-07-19T03:04:59Z", True),
        ("2026-07-19T03:05:00Z", False),
        ("2026-07-18T03:04:05.678Z", True),
        ("2026-08-19T00:00:00Z", False),
    ],
)
def test_it_tells_of_which_bills_a_file_was_added(
    netsuite: SignedInNetSuite, store: Store, since: str, *, told: bool
):
    with store.write() as conn:
        conn.execute("UPDATE ns_file SET lastmodifieddate = '2026-01-01T00:00:00Z'")
    number = _attach(store, b"x")
    _attach(store, b"an order", to_bill=False)
    with store.connection() as conn:
        (bill,) = conn.execute(
            'SELECT "transaction" FROM ns_transactionfile WHERE file = ?', (number,)
        ).fetchone()
    answer = netsuite.restlet({"action": "changed", "since": since}).json()
    expected = [{"bill": str(bill), "modified": "2026-07-19T03:04:00Z"}]
    assert answer == {"bills": expected if told else []}


def test_it_tells_the_same_however_its_user_sees_dates(netsuite: SignedInNetSuite, store: Store):
    with store.write() as conn:
        conn.execute("UPDATE ns_file SET lastmodifieddate = '2026-01-01T00:00:00Z'")
    number = _attach(store, b"x")
    bills = [row["id"] for row in netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill'")]
    known = declared()
    formats = (known[f"netsuite.{name}_format"].values or [] for name in ("date", "time"))
    for day, time in product(*formats):
        netsuite.switch(date_format=day, time_format=time)
        files = netsuite.restlet({"action": "files", "bills": bills}).json()["files"]
        assert next(one["modified"] for one in files if one["id"] == number) == "2026-07-19T03:04:00Z"
        (told,) = netsuite.restlet({"action": "changed", "since": "2026-07-19T03:04:00Z"}).json()["bills"]
        assert told["modified"] == "2026-07-19T03:04:00Z"
        assert netsuite.restlet({"action": "try"}).json()["date"]["read"] == "2026-07-19T03:04:00Z"


def test_a_type_that_is_shown_by_its_name_is_told_by_the_end_of_the_files(
    netsuite: SignedInNetSuite, store: Store
):
    bill = netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill'")[0]["id"]
    with store.write() as conn:
        conn.execute("DELETE FROM ns_transactionfile")
        for number, (name, kind) in enumerate(
            [
                ("a.PDF", "PDF"),
                ("b.jpeg", "JPGIMAGE"),
                ("c.tif", "TIFFIMAGE"),
                ("d.txt", "PLAINTEXT"),
                ("e", "PDF"),
            ],
            start=900,
        ):
            conn.execute(
                "INSERT INTO ns_file (id, name, filetype, filesize, content, sha256, lastmodifieddate)"
                " VALUES (?, ?, ?, 1, x'00', '', '2026-07-19T03:04:05Z')",
                (number, name, kind),
            )
            conn.execute('INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', (bill, number))
    netsuite.switch(file_types="names")
    files = netsuite.restlet({"action": "files", "bills": [bill]}).json()["files"]
    assert {one["name"]: one["type"] for one in files} == {
        "a.PDF": "PDF",
        "b.jpeg": "JPGIMAGE",
        "c.tif": "TIFFIMAGE",
        "d.txt": "Plain Text File",
        "e": "PDF File",
    }


def test_a_date_that_is_not_read_back_is_refused_and_looks_nothing_up(
    netsuite: SignedInNetSuite, store: Store, changed_script: ChangedScript
):
    """As where the preferences of the search and of N/format are not the same user's."""
    _attach(store, b"x")
    otherwise = "const known = format; format = { ...known, parse: ({ value }) => value };\n"
    changed_script("  const VERSION", f"  {otherwise}  const VERSION")
    bills = [row["id"] for row in netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill'")]
    for body in (
        {"action": "changed", "since": "2026-07-19T03:04:00Z"},
        {"action": "files", "bills": bills},
    ):
        assert _refusal(netsuite.restlet(body)) == (400, "UNREADABLE_DATE")
    tried = netsuite.restlet({"action": "try"}).json()
    assert (tried["date"], tried["file"]) == ({"failed": "UNREADABLE_DATE"},) * 2


def test_it_can_be_tried_out_and_names_no_record(netsuite: SignedInNetSuite, store: Store):
    tried = netsuite.restlet({"action": "try"}).json()
    assert tried == netsuite.restlet({"action": "version"}).json() | {
        "date": {"shown": "7/18/2026 8:04:00 pm", "read": "2026-07-19T03:04:00Z"},
        "file": {"found": True, "type": "PDF", "read": True},
    }
    netsuite.switch(missing_permissions="Lists -> Documents and Files")
    assert netsuite.restlet({"action": "try"}).json()["file"] == {"failed": "INSUFFICIENT_PERMISSION"}
    with store.write() as conn:
        conn.execute("DELETE FROM ns_transactionfile")
    netsuite.switch(missing_permissions="")
    assert netsuite.restlet({"action": "try"}).json()["file"] == {"found": False}


@pytest.mark.parametrize("modified", ["2026-11-01T08:30:00Z", "2026-11-01T09:30:00Z"])
def test_in_the_hour_that_comes_twice_no_file_is_dated_before_it_was_there(
    netsuite: SignedInNetSuite, store: Store, modified: str
):
    number = _attach(store, b"x")
    with store.write() as conn:
        conn.execute("UPDATE ns_file SET lastmodifieddate = '2026-01-01T00:00:00Z'")
        conn.execute("UPDATE ns_file SET lastmodifieddate = ? WHERE id = ?", (modified, number))
    (found,) = netsuite.restlet({"action": "changed", "since": "2026-11-01T00:00:00Z"}).json()["bills"]
    assert found["modified"] == "2026-11-01T09:30:00Z"


def test_it_tells_the_latest_file_of_a_bill_once(netsuite: SignedInNetSuite, store: Store):
    older, newer = _attach(store, b"x"), _attach(store, b"y")
    with store.write() as conn:
        conn.execute("UPDATE ns_file SET lastmodifieddate = '2026-01-01T00:00:00Z'")
        for number, moment in ((older, "2026-07-19T08:00:00Z"), (newer, "2026-07-19T07:59:30Z")):
            conn.execute("UPDATE ns_file SET lastmodifieddate = ? WHERE id = ?", (moment, number))
    (found,) = netsuite.restlet({"action": "changed", "since": "2026-07-19T00:00:00Z"}).json()["bills"]
    assert found["modified"] == "2026-07-19T08:00:00Z"


@pytest.mark.parametrize("since", [None, "yesterday", "", {}])
def test_since_when_has_to_be_an_instant(netsuite: SignedInNetSuite, since: object):
    body = {"action": "changed", "since": since}
    assert _refusal(netsuite.restlet(body)) == (400, "INVALID_REQUEST")


def test_it_lists_the_files_of_a_thousand_bills(netsuite: SignedInNetSuite):
    assert netsuite.restlet({"action": "files", "bills": list(range(1, 1001))}).ok
    for bills in ([], list(range(1, 1002)), "12", None, ["x"], ["0"], ["1 OR 1"]):
        assert _refusal(netsuite.restlet({"action": "files", "bills": bills})) == (400, "INVALID_REQUEST")


def test_more_files_than_a_page_holds(netsuite: SignedInNetSuite, store: Store):
    bill = netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill' ORDER BY id")[0]["id"]
    with store.write() as conn:
        first = conn.execute("SELECT MAX(id) + 1 FROM ns_file").fetchone()[0]
        for number in range(first, first + 1100):
            conn.execute(
                "INSERT INTO ns_file (id, name, filetype, filesize, content, sha256, lastmodifieddate)"
                " VALUES (?, 'n', 'PDF', 1, x'00', '', '2026-07-19T03:04:05Z')",
                (number,),
            )
            conn.execute('INSERT INTO ns_transactionfile ("transaction", file) VALUES (?, ?)', (bill, number))
    files = netsuite.restlet({"action": "files", "bills": [bill]}).json()["files"]
    assert len({file["id"] for file in files}) == len(files) >= 1100


@pytest.mark.parametrize(
    ("content", "filetype"),
    [
        (bytes(range(256)) * 40, "PDF"),
        (b"", "PDF"),
        ("Söhne, 日本 and \N{GRINNING FACE}".encode(), "PLAINTEXT"),
        (b"a,b\r\n1,2\r\n", "CSV"),
    ],
)
def test_it_hands_out_a_file_byte_for_byte(
    netsuite: SignedInNetSuite, store: Store, content: bytes, filetype: str
):
    number = _attach(store, content, filetype)
    answer = netsuite.restlet({"action": "content", "file": number}).json()
    assert base64.b64decode(answer.pop("content")) == content
    assert answer == {"id": number, "name": "a file", "type": filetype, "size": len(content)}


def test_it_hands_out_the_companys_own_pdfs(netsuite: SignedInNetSuite, store: Store):
    with store.connection() as conn:
        rows = conn.execute("SELECT id, sha256 FROM ns_file").fetchall()
    assert rows
    for row in rows:
        answer = netsuite.restlet({"action": "content", "file": str(row["id"])}).json()
        assert hashlib.sha256(base64.b64decode(answer["content"])).hexdigest() == row["sha256"]


def test_it_hands_out_nothing_that_is_not_on_a_bill(netsuite: SignedInNetSuite, store: Store):
    elsewhere = _attach(store, b"a secret", to_bill=False)
    with store.write() as conn:
        conn.execute("DELETE FROM ns_transactionfile WHERE file = ?", (elsewhere,))
    for number in (elsewhere, _attach(store, b"an order", to_bill=False), "999999"):
        assert _refusal(netsuite.restlet({"action": "content", "file": number})) == (
            400,
            "FILE_NOT_ON_A_BILL",
        )


def test_it_hands_out_at_most_10_mb(netsuite: SignedInNetSuite, store: Store):
    largest = _attach(store, b"\0" * (10 * 1024 * 1024))
    asked = {"action": "content", "file": largest}
    assert _refusal(netsuite.restlet(asked)) == (400, "SSS_RESPONSE_TOO_LONG")
    netsuite.switch(long_answer="fails")
    assert _refusal(netsuite.restlet(asked)) == (500, "UNEXPECTED_ERROR")
    netsuite.switch(long_answer="passes")
    assert len(netsuite.restlet(asked).json()["content"]) > 10**7
    larger = _attach(store, b"\0" * (10 * 1024 * 1024 + 1))
    assert _refusal(netsuite.restlet({"action": "content", "file": larger})) == (400, "FILE_TOO_LARGE")


def test_it_hands_out_several_files_and_one_that_it_refuses_keeps_no_other_back(
    netsuite: SignedInNetSuite, store: Store
):
    contents = [bytes([number]) * (1000 + number) for number in range(5)]
    good = [_attach(store, content) for content in contents]
    order, large = _attach(store, b"an order", to_bill=False), _attach(store, b"\0" * (11 * 2**20))
    asked = [good[3], "999999", good[0], order, large, *good[1:3], good[4]]
    told = netsuite.restlet({"action": "contents", "files": asked}).json()["files"]
    assert [one["id"] for one in told] == asked
    assert {one["id"]: base64.b64decode(one["content"]) for one in told if "content" in one} == dict(
        zip(good, contents, strict=True)
    )
    assert {one["id"]: one["failed"]["code"] for one in told if "failed" in one} == {
        "999999": "FILE_NOT_ON_A_BILL",
        order: "FILE_NOT_ON_A_BILL",
        large: "FILE_TOO_LARGE",
    }
    alone = netsuite.restlet({"action": "content", "file": good[3]}).json()
    assert told[0] == alone


def test_a_role_that_may_read_no_file_is_told_so_of_each(netsuite: SignedInNetSuite, store: Store):
    netsuite.switch(missing_permissions="Lists -> Documents and Files")
    files = [_attach(store, b"x"), _attach(store, b"y")]
    told = netsuite.restlet({"action": "contents", "files": files}).json()["files"]
    assert [one["failed"]["code"] for one in told] == ["INSUFFICIENT_PERMISSION"] * 2


def test_what_is_too_much_for_one_answer_is_left_and_the_first_never_is(
    netsuite: SignedInNetSuite, store: Store
):
    files = [_attach(store, bytes(3 * 2**20)) for _ in range(4)]
    answer = netsuite.restlet({"action": "contents", "files": files})
    assert len(answer.content) <= 10**7
    told = answer.json()["files"]
    assert ["content" in one for one in told] == [True, True, False, False]
    assert told[2:] == [{"id": number, "left": True} for number in files[2:]]
    netsuite.switch(long_answer="passes")
    largest = _attach(store, bytes(10 * 2**20))
    told = netsuite.restlet({"action": "contents", "files": [largest, *files]}).json()["files"]
    assert ["content" in one for one in told] == [True, False, False, False, False]


def test_as_many_files_as_it_takes_at_once_are_within_the_units_of_a_call(
    netsuite: SignedInNetSuite, store: Store
):
    files = [_attach(store, b"%d" % number) for number in range(480)]
    told = netsuite.restlet({"action": "contents", "files": files}).json()["files"]
    assert [base64.b64decode(one["content"]) for one in told] == [b"%d" % number for number in range(480)]
    for wrong in ([], [*files, files[0]], "77", None, ["x"]):
        body = {"action": "contents", "files": wrong}
        assert _refusal(netsuite.restlet(body)) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("keeps", "given"), [(20, True), (-10_000, False)], ids=["looks at its units", "does not look"]
)
def test_files_for_which_no_units_are_left_are_left_and_a_script_that_goes_on_is_ended(
    netsuite: SignedInNetSuite, store: Store, changed_script: ChangedScript, keeps: int, *, given: bool
):
    files = [_attach(store, b"x") for _ in range(600)]
    changed_script("const MOST_FILES = 480", "const MOST_FILES = 600")
    changed_script("const UNITS_OF_A_FILE = 20", f"const UNITS_OF_A_FILE = {keeps}")
    answer = netsuite.restlet({"action": "contents", "files": files})
    if not given:
        # It cannot be caught: nothing of what was read comes.
        assert _refusal(answer) == (400, "SSS_USAGE_LIMIT_EXCEEDED")
        return
    told = answer.json()["files"]
    assert {"content" in one for one in told[:490]} == {True}
    assert told[-1] == {"id": files[-1], "left": True}


@pytest.mark.parametrize(("way", "size"), [("down", 2048), ("up", 3072)])
def test_sizes_are_rounded_to_whole_kilobytes_one_way_or_the_other(
    netsuite: SignedInNetSuite, store: Store, way: str, size: int
):
    netsuite.switch(file_kilobytes=way)
    number = _attach(store, bytes(3000))
    bills = [row["id"] for row in netsuite.rows("SELECT id FROM transaction WHERE type = 'VendBill'")]
    files = netsuite.restlet({"action": "files", "bills": bills}).json()["files"]
    assert next(one["size"] for one in files if one["id"] == number) == size


def test_it_voids_our_payments_alone(netsuite: SignedInNetSuite, bills: list[SeededBill], store: Store):
    bill = bills[0]
    ours, by_hand = (
        netsuite.post(f"{RECORDS}/vendorPayment", json=body).headers["Location"].rpartition("/")[2]
        for body in (
            bill.payment(bill.unpaid - 1, externalId="avidxchange-payment-5"),
            bill.payment(Decimal(1), tranId="by hand"),
        )
    )
    assert _refusal(netsuite.restlet({"action": "void", "payment": by_hand})) == (400, "NOT_OUR_PAYMENT")
    # A look-up of what is no vendor payment, or is not there, finds nothing.
    for other in (bill.id, "999999"):
        assert _refusal(netsuite.restlet({"action": "void", "payment": other})) == (400, "NOT_OUR_PAYMENT")
    writes = netsuite.sandbox.calls()["netsuite"]["writes"]
    answer = netsuite.restlet({"action": "void", "payment": ours})
    assert answer.json() == {"payment": ours, "voidedBy": ours}
    assert netsuite.sandbox.calls()["netsuite"]["writes"] == writes + 1
    (row,) = netsuite.rows(f"SELECT voided, foreigntotal, status FROM transaction WHERE id = {ours}")
    assert row == {"voided": "T", "foreigntotal": "0", "status": "V"}
    (row,) = netsuite.rows(
        f"SELECT status, foreignamountunpaid AS unpaid FROM transaction WHERE id = {bill.id}"
    )
    assert (row["status"], Decimal(row["unpaid"])) == ("A", bill.unpaid - 1)
    assert _refusal(netsuite.restlet({"action": "void", "payment": ours})) == (400, "USER_ERROR")
    with store.connection() as conn:
        audit(conn)


@pytest.mark.parametrize(
    "body", [{}, {"action": "delete"}, {"action": None}, [], "version", 7, None, {"action": "toString"}]
)
def test_unknown_actions_are_refused(netsuite: SignedInNetSuite, body: object):
    answer = (
        netsuite.post(RESTLET, params=SCRIPT, json=body)
        if body is not None
        else netsuite.post(RESTLET, params=SCRIPT, data=b"null", headers={"Content-Type": "application/json"})
    )
    assert _refusal(answer) == (400, "UNKNOWN_ACTION")


def test_the_route_refuses_what_is_not_deployed(netsuite: SignedInNetSuite):
    other = SCRIPT | {"deploy": "customdeploy_other"}
    assert _refusal(netsuite.post(RESTLET, params=other, json={})) == (404, "SSS_INVALID_SCRIPTLET_ID")
    other = SCRIPT | {"script": "customscript_other"}
    assert _refusal(netsuite.post(RESTLET, params=other, json={})) == (404, "SSS_INVALID_SCRIPTLET_ID")
    assert _refusal(netsuite.post(RESTLET, json={})) == (400, "SSS_MISSING_REQD_ARGUMENT")
    assert _refusal(netsuite.get(RESTLET, params=SCRIPT)) == (405, "SSS_METHOD_NOT_SUPPORTED")
    assert _refusal(netsuite.post(RESTLET, params=SCRIPT, data=b"x")) == (415, "UNSUPPORTED_MEDIA_TYPE")
    headers = {"Content-Type": "application/json"}
    assert _refusal(netsuite.post(RESTLET, params=SCRIPT, data=b"{", headers=headers)) == (
        400,
        "SYNTAX_ERROR",
    )


def test_the_role_needs_its_permissions(netsuite: SignedInNetSuite, store: Store):
    number = _attach(store, b"x")
    netsuite.switch(missing_permissions="Lists -> Documents and Files")
    assert _refusal(netsuite.restlet({"action": "content", "file": number})) == (
        400,
        "INSUFFICIENT_PERMISSION",
    )
    netsuite.switch(missing_permissions="Transactions -> Bills")
    assert _refusal(netsuite.restlet({"action": "files", "bills": [1]})) == (400, "INSUFFICIENT_PERMISSION")


@pytest.mark.parametrize(
    ("switches", "refusal"),
    [
        ({"web_services_only": True}, (401, "INVALID_LOGIN_CREDENTIALS")),
        ({"client_suitescript": False}, (400, "FEATURE_DISABLED")),
    ],
)
def test_account_and_role_may_let_no_restlet_be_called(
    netsuite: SignedInNetSuite, switches: dict[str, bool], refusal: tuple[int, str]
):
    netsuite.switch(**switches)
    assert _refusal(netsuite.restlet({"action": "version"})) == refusal
    assert netsuite.rows("SELECT 1 AS one FROM dual") == [{"one": "1"}]


def test_many_at_once(netsuite: SignedInNetSuite):
    files = netsuite.restlet(
        {"action": "files", "bills": [row["id"] for row in netsuite.rows("SELECT id FROM transaction")]}
    ).json()["files"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda file: netsuite.restlet({"action": "content", "file": file["id"]}).json()["id"],
                files * 5,
            )
        )
    assert answers == [file["id"] for file in files * 5]


def test_levels_of_permissions_are_told(netsuite: SignedInNetSuite):
    netsuite.switch(
        missing_permissions="Lists -> Vendors", permission_levels="Transactions -> Pay Bills: Edit"
    )
    names = ["LIST_VENDOR", "TRAN_VENDPYMT", "TRAN_VENDBILL", "NO_SUCH"]
    answer = netsuite.restlet({"action": "permissions", "names": names}).json()
    assert list(answer["permissions"].values()) == ["NONE", "EDIT", "FULL", "NONE"]
    for wrong in (None, "LIST_VENDOR", ["list vendor"], [7], names * 30):
        body = {"action": "permissions", "names": wrong}
        assert _refusal(netsuite.restlet(body)) == (400, "INVALID_REQUEST")
