"""The command, as people and Meltano run it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from singer_sdk.testing import get_tap_test_class

from apbridge_sandbox.certificates import self_signed
from apbridge_sandbox.testing import Running, running
from tap_netsuite_ap.tap import TapNetSuiteAP
from tests import forked
from tests.waiting import held, until

if TYPE_CHECKING:
    from tests.conftest import SandboxTap

TAP = Path(sys.executable).parent / "tap-netsuite-ap"


def config_of(sandbox: Running) -> dict[str, object]:
    return {
        name.removeprefix("NETSUITE_").lower(): value
        for name, value in sandbox.credentials.items()
        if name.startswith("NETSUITE_")
    }


def run(
    *options: str, cwd: Path, config: Mapping[str, object] | None = None
) -> subprocess.CompletedProcess[str]:
    if config is not None:
        (cwd / "config.json").write_text(json.dumps(config))
        options = ("--config=config.json", *options)
    return forked.run("tap-netsuite-ap", *options, cwd=cwd)


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "ERROR" in line]


def test_it_tells_of_itself_and_what_it_reads_without_settings(tmp_path: Path):
    assert "restlet_script" in run("--about", cwd=tmp_path).stdout
    streams = json.loads(run("--discover", cwd=tmp_path).stdout)["streams"]
    names = [stream["tap_stream_id"] for stream in streams]
    assert names[:-5] == ["subsidiaries", "gl_accounts", "departments", "classes", "locations"]
    assert names[-5:] == ["vendors", "bills", "vendor_payments", "vendor_credits", "purchase_orders"]
    assert all(stream["key_properties"] == ["id"] for stream in streams)


def test_a_connection_test_reads_little(company: SandboxTap, tmp_path: Path):
    company.sandbox.control("/control/calls", method="DELETE")
    done = run("--test", cwd=tmp_path, config=company.config)
    assert done.returncode == 0, done.stderr
    # It tries all streams, the unselected ones too.
    streams = len(TapNetSuiteAP(config=company.config).streams)
    assert company.sandbox.calls()["netsuite"]["total"] < 4.375 * streams


def other_key(folder: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "other.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(folder / "other.pem")


@pytest.mark.parametrize(
    ("options", "setting", "value", "names"),
    [
        ((), "private_key_path", "other.pem", "private_key"),
        (("--test",), "private_key_path", "other.pem", "private_key"),
        (("--test",), "account_id", "7654321_SB2", "account_id"),
        (("--test",), "account_id", "evil.example/x", "account_id"),
        (("--test",), "client_id", "f" * 64, "client_id"),
        (("--test",), "base_url", "http://127.0.0.1:9", "base_url"),
        (("--test",), "client_id", None, "client_id"),
        (("--test",), "start_date", "yesterday", "start_date"),
    ],
)
def test_a_wrong_setting_ends_in_one_sentence_that_names_it(  # noqa: PLR0917
    company: SandboxTap, tmp_path: Path, options: tuple[str, ...], setting: str, value: str | None, names: str
):
    if setting == "private_key_path":
        value = other_key(tmp_path)
    config = {name: told for name, told in {**company.config, setting: value}.items() if told is not None}
    done = run(*options, cwd=tmp_path, config=config)
    assert done.returncode == 1
    (line,) = errors(done)
    assert names in line
    assert "Traceback" not in done.stderr
    assert company.config["client_id"] not in done.stderr
    assert Path(company.config["private_key_path"]).read_text().splitlines()[1] not in done.stderr


@pytest.mark.parametrize("days", [90, 20, -1])
def test_the_end_of_the_certificate_is_said_in_the_last_line_or_before_any_call(
    company: SandboxTap, tmp_path: Path, days: int
):
    key: Any = serialization.load_pem_private_key(
        Path(company.config["private_key_path"]).read_bytes(), password=None
    )
    begins = datetime.now(timezone.utc) - timedelta(days=10)
    pem = self_signed(key, begins=begins, lasts=timedelta(days=10 + days, hours=1))
    (tmp_path / "netsuite.crt").write_text(pem)
    company.sandbox.control("/control/calls", method="DELETE")
    done = run(cwd=tmp_path, config={**company.config, "certificate_path": "netsuite.crt"})
    assert (done.returncode == 0) is (days > 0)
    last = done.stderr.splitlines()[-1]
    assert ("in 20 days" in last and "[APB-NS-006]" in last) is (days == 20)
    assert ("expired on" in last and "[APB-NS-004]" in last) is (days < 0)
    assert (company.sandbox.calls()["netsuite"]["total"] == 0) is (days < 0)


def test_stopped_runs_write_whole_lines_and_the_next_ones_go_on(tmp_path: Path):
    with running(vendors=10, bills=300) as sandbox:
        config = {**config_of(sandbox), "spool_url": str(tmp_path / "spool")}
        (tmp_path / "config.json").write_text(json.dumps(config))
        state: dict[str, object] = {}
        told: list[str] = []
        for stopped_at in (1, 3, 5, 7, 9, 11, None):
            sandbox.control("/control/faults", method="DELETE")
            if stopped_at:
                fault = {"match": {"nth": stopped_at, "times": 100}, "do": {"hold": True}}
                sandbox.control("/control/faults", fault)
            (tmp_path / "state.json").write_text(json.dumps(state))
            given = ("--config=config.json", "--state=state.json")
            with (
                (tmp_path / "out.jsonl").open("wb") as out,
                forked.Program(
                    "tap-netsuite-ap", *given, cwd=tmp_path, stdout=out, stderr=subprocess.DEVNULL
                ) as process,
            ):
                if stopped_at:
                    until(lambda running=process: held(sandbox.control) or running.poll() is not None)  # type: ignore[misc]
                    process.send_signal(signal.SIGTERM)
            messages = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
            last = max((i for i, m in enumerate(messages) if m["type"] == "STATE"), default=0)
            told += [
                m["record"]["id"] for m in messages[:last] if m.get("stream") == "bills" and "record" in m
            ]
            state = messages[last]["value"] if last else state
            assert process.poll() == (128 + signal.SIGTERM if stopped_at else 0)
        books = sandbox.books()["netsuite"]["bills"]
        assert sorted(told) == sorted(bill["id"] for bill in books)


# The standard tests are made when this module is imported, before there is a sandbox to name.
STANDARD: dict[str, object] = dict.fromkeys(("account_id", "client_id", "certificate_id"), "x")


@pytest.fixture(scope="module")
def standard() -> Iterator[None]:
    with running(vendors=8, bills=20) as sandbox:
        STANDARD.update(config_of(sandbox), spool_url=str(sandbox.folder / "spool"))
        _enter_what_is_seldom(sandbox)
        yield


def _enter_what_is_seldom(sandbox: Running) -> None:
    """Enter a vendor credit, and a payment of AvidXchange's, a minute before the runs."""
    books = sandbox.books()["netsuite"]
    bill = next(one for one in books["bills"] if one["status"] == "A" and one["currency"] == "USD")
    lines = [{"account": "6010", "amount": "1.00"}]
    credit = {"vendor": bill["vendor"], "tranid": "CR-1", "lines": lines}
    sandbox.control("/control/netsuite/credits", {"credits": [credit]})
    order = {"bill": bill["id"], "check_number": "1", "amount": "1.00"}
    payment = sandbox.control("/control/netsuite/pay-by-hand", order)["id"]
    ours = {"table": "transaction", "id": payment, "set": {"externalid": "avidxchange-payment-1"}}
    sandbox.control("/control/netsuite/edit", ours)
    sandbox.control("/control/clock", {"advance_seconds": 60})


def _everything() -> dict[str, Any]:
    """Return a catalog with every stream selected."""
    catalog = TapNetSuiteAP(config=STANDARD).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            one["metadata"]["selected"] = True
    return catalog


_Standard = get_tap_test_class(TapNetSuiteAP, config=STANDARD, catalog=_everything())


# The SDK keeps the values of whichever attribute of a kind comes first, and warns where there are none, as of
# one that is always null: whether it does is a matter of order. That a stream has records has its own test.
@pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
@pytest.mark.usefixtures("standard")
class TestStandard(_Standard):  # type: ignore[misc,valid-type]
    """The Singer SDK's standard tests of a tap."""
