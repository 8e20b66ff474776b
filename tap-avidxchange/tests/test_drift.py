"""`record_answers`: the tap keeps the shapes of answers in the ledger, and warns once where they change."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apbridge.avidxchange.answer_drift import SeenAnswers
from apbridge.avidxchange.recording import observation
from apbridge.errors import SettingError
from apbridge.ledger import Ledger
from apbridge.ledger.run_history import RunHistory

if TYPE_CHECKING:
    from tests.avidxchange_company import PayingCompany

TIMES = {"avidconnect": "modifiedAt", "partner": "LastModified", "avidsuite": "LastChangedDate"}
STATUS = {"avidconnect": "at_bank", "partner": "Queued At Bank", "avidsuite": "Queued At Bank"}


class Recording:
    """A company whose runs keep the shapes of answers."""

    def __init__(self, company: PayingCompany, folder: Path, logged: pytest.LogCaptureFixture) -> None:
        self.company = company
        self.payments = company.pay()
        self.url = f"sqlite:///{folder}/ledger.db"
        self._logged = logged

    def read(self, *streams: str, **config: Any) -> list[str]:  # noqa: ANN401
        """Run; return what was warned of."""
        self._logged.clear()
        settings = {"record_answers": True, "ledger_url": self.url, **config}
        self.company.read(streams=streams or ("payments",), **settings)
        return self.warned()

    def warned(self) -> list[str]:
        said = [one.message for one in self._logged.records if "AvidXchange" in one.message]
        return [one for one in said if "[APB-AX-04" in one]

    def drift(self, *kinds: str) -> None:
        self.company.control("/control/switches", {"avidxchange.drift": ",".join(kinds)})

    def seen(self, operation: str = "payment.list") -> SeenAnswers:
        name = observation(self.company.profile, operation, "answers")
        with Ledger(self.url) as ledger:
            found = RunHistory(ledger).recall(name)
        assert found
        return SeenAnswers.of(found.value["seen"])


@pytest.fixture
def recording(company: PayingCompany, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Recording:
    company.submit(25)
    return Recording(company, tmp_path, caplog)


def test_a_field_that_has_another_name_is_told_though_the_run_ends_by_it(recording: Recording):
    assert recording.read() == []
    recording.drift("field")
    with pytest.raises(SettingError, match="modified_at"):
        recording.read()
    (warned,) = recording.warned()
    assert "APB-AX-040" in warned
    assert f"{TIMES[recording.company.profile]} of payment.list" in warned
    assert "resources.payment.list.read.modified_at" in warned
    with pytest.raises(SettingError):
        recording.read()
    assert recording.warned() == []
    kinds = {one.kind: one for one in recording.seen().changes}
    assert kinds.keys() == {"gone", "new"}
    assert "pdated" in kinds["new"].place
    recording.drift()
    assert recording.read() == []
    assert {one.kind: one for one in recording.seen().changes}["gone"].back


def test_a_status_that_nobody_has_heard_of_is_told_and_ends_no_run(recording: Recording):
    recording.read()
    recording.drift("status")
    (warned,) = recording.read()
    assert "APB-AX-042" in warned
    assert STATUS[recording.company.profile] in warned
    assert recording.read() == []


def test_pages_that_are_told_otherwise_are_told(recording: Recording, tmp_path: Path):
    shipped = recording.company.profile
    size = "limit" if shipped == "avidconnect" else "pageSize"
    file = tmp_path / "ours.yaml"
    resources = {"payment": {"list": {"parameters": {size: 10}}}}
    file.write_text(f"extends: {shipped}\nname: ours\nresources: {dumps(resources)}\n")
    assert recording.read(profile=str(file)) + recording.read(profile=str(file)) == []
    recording.drift("paging")
    assert recording.read(profile=str(file)) == []
    (warned,) = recording.read(profile=str(file))
    assert "APB-AX-046" in warned
    assert "resources.payment.list.next." in warned
    assert recording.read(profile=str(file)) == []


def test_amounts_that_are_texts_are_told(recording: Recording):
    recording.read()
    recording.drift("type")
    with pytest.raises(SettingError):
        recording.read()
    assert all("was number in" in one and "is string" in one for one in recording.warned())
    assert len(recording.warned()) >= 2


def test_usual_days_cry_no_wolf(recording: Recording):
    every = ("payments", "invoices", "vendors", "gl_accounts", "dimension_values")
    assert recording.read(*every) == []
    for number in range(2):
        recording.company.control("/control/payments/void", {"ids": recording.payments[number::5]})
        recording.company.later(3600)
        assert recording.read(*every) == []
    assert recording.seen("invoice.list").answers == 3


def test_without_it_nothing_is_kept(recording: Recording, tmp_path: Path):
    recording.read(record_answers=False)
    assert not (tmp_path / "ledger.db").exists()


def test_a_ledger_of_another_company_gets_nothing_and_ends_no_run(recording: Recording):
    with Ledger(recording.url, company="acme") as ledger:
        ledger.identity.take()
    (warned,) = recording.read(company="other")
    assert "APB-AX-045" in warned
