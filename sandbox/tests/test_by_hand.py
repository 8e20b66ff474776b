"""What people do by command in a running sandbox."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import requests
from click.testing import CliRunner, Result

from apbridge_sandbox.cli import main
from apbridge_sandbox.testing import Running

README = Path(__file__).parents[1] / "README.md"


def said(sandbox: Running, *words: str) -> Result:
    command, *rest = words
    return CliRunner().invoke(main, [command, f"--control={sandbox.control_url}", *rest])


def test_a_bill_is_entered_and_edited(sandbox: Running):
    books = sandbox.books()["netsuite"]
    vendor, before = books["vendors"][0]["id"], {bill["id"] for bill in books["bills"]}
    account = next(one["acctnumber"] for one in books["accounts"] if one["accttype"] == "Expense")
    entered = said(
        sandbox, "bill", f"--vendor={vendor}", "--number=N-1", f"--account={account}", "--amount=120.50"
    )
    assert entered.exit_code == 0, entered.output
    (bill,) = [one for one in sandbox.books()["netsuite"]["bills"] if one["id"] not in before]
    assert entered.output.startswith(f"entered bill {bill['id']} in NetSuite: ")
    assert (bill["tranid"], bill["total"]) == ("N-1", "120.50")
    assert said(sandbox, "edit", bill["id"], "--memo=as agreed").exit_code == 0
    (bill,) = [one for one in sandbox.books()["netsuite"]["bills"] if one["id"] == bill["id"]]
    assert bill["memo"] == "as agreed"


def test_what_is_not_there_is_said(sandbox: Running):
    for words in (("edit", "999999", "--memo=x"), ("approve", "nobody"), ("pay", "nobody")):
        refused = said(sandbox, *words)
        assert (refused.exit_code, refused.output.startswith("Error: ")) == (1, True), refused.output


def test_nothing_to_do_is_said(sandbox: Running):
    nothing = {"approve": "no invoice waits for approval", "pay": "no approved invoice is unpaid"}
    for command, sentence in nothing.items():
        refused = said(sandbox, command, "--all")
        assert (refused.exit_code, sentence in refused.output) == (1, True), refused.output


def test_another_server_at_the_address_is_said(sandbox: Running):
    refused = CliRunner().invoke(main, ["pay", "--all", f"--control={sandbox.netsuite_url}/nobody"])
    assert (refused.exit_code, "no sandbox's control API: HTTP 404" in refused.output) == (1, True)


def test_all_is_said_or_which():
    assert "say which invoices, or --all" in CliRunner().invoke(main, ["pay"]).output


def test_no_sandbox_is_said_plainly():
    refused = CliRunner().invoke(main, ["pay", "--all", "--control=http://127.0.0.1:1"])
    assert (refused.exit_code, "no sandbox answers at http://127.0.0.1:1" in refused.output) == (1, True)


def test_the_commands_of_the_readme_do_what_it_says(sandbox: Running, avidxchange: requests.Session):
    books = sandbox.books()["netsuite"]
    account = {"code": "6010", "name": "Plumbing", "active": True, "postable": True}
    avidxchange.put("/v1/gl-accounts/a-1", json=account).raise_for_status()
    avidxchange.put("/v1/vendors/v-1", json={"number": "1", "name": "V", "active": True}).raise_for_status()
    invoice = {
        "number": "1",
        "vendorExternalId": "v-1",
        "invoiceDate": "2026-10-30",
        "currency": "USD",
        "total": 100,
        "lines": [{"number": "1", "glCode": "6010", "amount": 100}],
    }
    avidxchange.put("/v1/invoices/i-1", json=invoice).raise_for_status()
    lines = re.findall(
        r"^\$ apbridge-sandbox ((?:bill|edit|approve|pay) .*)$", README.read_text("utf-8"), re.MULTILINE
    )
    assert [line.split()[0] for line in lines] == ["bill", "edit", "approve", "pay"]
    for line in lines:
        words = shlex.split(line)
        if words[0] == "edit":
            words[1] = books["bills"][0]["id"]
        done = said(sandbox, *words)
        assert done.exit_code == 0, done.output
    after = sandbox.books()
    assert [bill["tranid"] for bill in after["netsuite"]["bills"]].count("INV-1") == 1
    assert after["netsuite"]["bills"][0]["memo"] == "as agreed"
    assert [one["status"] for one in after["avidxchange"]["invoices"]] == ["paid"]
    (payment,) = after["avidxchange"]["payments"]
    assert (payment["status"], payment["method"]) == ("settled", "ach")
