"""250 vendors on both sides before the first run: proposed, decided, linked, undone, none of them twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apbridge.avidxchange import AvidXchange, AvidXchangeSettings
from apbridge.ledger import Ledger
from apbridge.links import LinkKind, Links
from apbridge.mapping import Coding
from apbridge.netsuite import NetSuite, NetSuiteSettings
from apbridge_operator.matching import sheet
from apbridge_operator.matching.linking import AppliedLinks, Linking
from apbridge_operator.matching.pairing import Grade, ProposedPair, propose
from apbridge_operator.matching.reading import VENDORS, ReadParties, read
from apbridge_sandbox.testing import Running, running
from tests.in_process import OutboundHalf, netsuite_config
from tests.spellings import FirstDay, enter_first_day

pytestmark = pytest.mark.long

OTHERS = 20


@dataclass
class FirstDayCompany:
    """A company that has vendors in both systems, and what somebody decides about them."""

    sandbox: Running
    folder: Path
    profile: str
    truth: FirstDay
    all: int

    @property
    def account(self) -> str:
        return self.sandbox.credentials["NETSUITE_ACCOUNT_ID"]

    @property
    def links(self) -> Links:
        return Links.load(str(self.folder / "links.csv"))

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.folder}/ledger.db"

    def external_id(self, number: str) -> str:
        return f"netsuite-{self.account}-vendor-{number}"

    def client(self) -> AvidXchange:
        return AvidXchange(AvidXchangeSettings.from_config(self.sandbox.avidxchange_settings(self.profile)))

    def proposed(self) -> list[ProposedPair]:
        found = self.read()
        return propose(found.here, found.there, found.shared_taxes)

    def read(self) -> ReadParties:
        """Read what nobody has linked."""
        settings = NetSuiteSettings.from_config(netsuite_config(self.sandbox))
        with NetSuite(settings) as netsuite, self.client() as avidxchange:
            return read(VENDORS[0], netsuite, avidxchange, self.links, Coding.from_config({}))

    def apply(self, pairs: list[ProposedPair], decisions: dict[str, str | None]) -> AppliedLinks:
        """Decide about vendors by external id, AvidXchange's own id or None for a new one, and link."""
        file = self.folder / "vendors-to-link.csv"
        file.write_text(sheet.written(("vendors", pair) for pair in pairs))
        rows = sheet.decided(file, "vendors")
        rows = [row for row in rows if row.external_id not in decisions]
        rows += [
            sheet.DecidedRow(1, "link" if own else "new", "vendors", name, own or "")
            for name, own in decisions.items()
        ]
        with ExitStack() as stack:
            return self.linking(stack).apply(rows, file, self.account)

    def linking(self, stack: ExitStack) -> Linking:
        ledger, client = stack.enter_context(Ledger(self.ledger_url)), stack.enter_context(self.client())
        return Linking(VENDORS, "vendors", client, ledger, self.links, "a person", "0")

    def run(self, **writes: str) -> OutboundHalf:
        half = OutboundHalf(
            self.sandbox,
            self.ledger_url,
            self.folder / "spool",
            self.profile,
            streams=("vendors",),
            writes={"links": self.links.file, **writes},
        )
        assert half.run() is None
        return half

    def vendors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.books()["avidxchange"]["vendors"]
        return found

    def linked(self) -> dict[str, str]:
        """Return AvidXchange's own ids by the vendors of NetSuite that they are."""
        there = {one["externalId"]: one["id"] for one in self.vendors() if one["externalId"]}
        here = {one.external_id: one.remote_id for one in self.links if one.kept is LinkKind.HERE}
        return {**there, **here}


CAN, CANNOT, OLDER = ("avidconnect", True, 200), ("partner", False, 24), ("avidsuite", True, 24)
"""Contract, whether it sets the external id of a record that is there, and how many vendors are alike."""


@pytest.fixture(params=[CAN, CANNOT, OLDER], ids=["there", "here", "there by batch"])
def first_day(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FirstDayCompany]:
    """A company whose contract can set the external id of a record that is there, or cannot."""
    profile, can, alike = request.param
    everybody = alike * 5 // 4
    with running(vendors=everybody, bills=0) as sandbox:
        sandbox.control("/control/switches", {"avidxchange.external_id_of_existing": can})
        truth = enter_first_day(sandbox, alike=alike, namesakes=alike * 3 // 20, others=OTHERS)
        yield FirstDayCompany(sandbox, tmp_path, profile, truth, everybody)


def test_the_first_day_from_proposals_to_the_second_run(first_day: FirstDayCompany):
    truth = {first_day.external_id(number): own for number, own in first_day.truth.alike.items()}
    pairs = first_day.proposed()
    by_grade = {
        grade: {(pair.here.id, pair.there.id if pair.there else "") for pair in pairs if pair.grade is grade}
        for grade in Grade
    }
    candidates = set().union(*(by_grade[grade] for grade in Grade if grade is not Grade.NONE))
    missed = sorted(set(truth.items()) - candidates)
    assert len(missed) <= len(truth) // 20, missed
    assert by_grade[Grade.SURE] <= set(truth.items()), by_grade[Grade.SURE] - set(truth.items())
    assert len(by_grade[Grade.SURE]) > len(truth) // 2

    # Without a person nothing but what is sure is linked; the rest waits, or is held for what it looks like.
    done = first_day.apply(pairs, {})
    assert done.there + done.here == len(by_grade[Grade.SURE])
    assert set(first_day.linked().items()) == by_grade[Grade.SURE]

    # A person decides about the rest, and nobody is twice in AvidXchange after the first run.
    rest = {one.id for pair in pairs for one in [pair.here]} - truth.keys()
    left = {name: own for name, own in truth.items() if name not in first_day.linked()}
    first_day.apply(first_day.proposed(), {**left, **dict.fromkeys(rest)})
    first_day.run(vendors="hold")
    vendors = first_day.vendors()
    assert len(vendors) == first_day.all + len(first_day.truth.namesakes) + OTHERS
    assert truth.items() <= first_day.linked().items()

    # The second run writes nothing, with the ledger and without it.
    calls = first_day.sandbox.calls()["avidxchange"]["writes"]
    first_day.run(vendors="hold")
    assert first_day.sandbox.calls()["avidxchange"]["writes"] - calls <= 1  # the partner signs in by a POST
    (first_day.folder / "ledger.db").unlink()
    first_day.run(vendors="hold")
    assert [one["id"] for one in first_day.vendors()] == [one["id"] for one in vendors]
    assert truth.items() <= first_day.linked().items()

    left_over = first_day.read()
    assert (left_over.here, len(left_over.there)) == ([], len(first_day.truth.namesakes) + OTHERS)

    # Undone one by one, proposed again, and done again.
    some = sorted(truth)[:10]
    with ExitStack() as stack:
        linking = first_day.linking(stack)
        for name in some:
            linking.unlink(name)
    assert not set(some) & first_day.linked().keys()
    again = first_day.proposed()
    assert {pair.here.id for pair in again} == set(some)
    first_day.run(vendors="create")
    assert len(first_day.vendors()) == len(vendors)
    first_day.apply(again, {name: truth[name] for name in some})
    first_day.run(vendors="hold")
    assert truth.items() <= first_day.linked().items()
    assert len(first_day.vendors()) == len(vendors)
    _see_that_no_tax_id_is_told(first_day)


def _see_that_no_tax_id_is_told(first_day: FirstDayCompany) -> None:
    """Look for tax ids in the sheet, the links file and the ledger."""
    names = ("links.csv", "vendors-to-link.csv", "ledger.db", "ledger.db-wal")
    told = b"".join(
        (first_day.folder / name).read_bytes() for name in names if (first_day.folder / name).exists()
    )
    taxes = {form for one in first_day.truth.taxes for form in (one, one.replace("-", ""))}
    assert [one for one in taxes if one.encode() in told] == []


@pytest.mark.parametrize(
    "first_day", [("avidconnect", True, 12), ("partner", False, 12)], ids=["there", "here"], indirect=True
)
def test_a_sheet_is_applied_again_once_a_run_has_renamed_what_it_links(first_day: FirstDayCompany):
    pairs = first_day.proposed()
    applied = first_day.apply(pairs, {})
    first_day.run(vendors="hold")
    names = {one["id"]: one["name"] for one in first_day.vendors()}
    sure = [pair.there for pair in pairs if pair.grade is Grade.SURE and pair.there]
    assert any(names[one.id] != one.name for one in sure)

    undecided = next(pair.here.id for pair in pairs if pair.grade is not Grade.SURE)
    again = first_day.apply(pairs, {undecided: None})
    assert again == AppliedLinks(there=0, here=0, new=1, known=applied.there + applied.here)


@pytest.mark.parametrize("first_day", [CANNOT], indirect=True)
def test_the_first_run_alone_makes_no_second_vendor_of_one_that_looks_the_same(first_day: FirstDayCompany):
    before = {one["id"] for one in first_day.vendors()}
    first_day.run()
    made = {one["externalId"] for one in first_day.vendors() if one["id"] not in before}
    alike = {first_day.external_id(number) for number in first_day.truth.alike}
    assert len(made & alike) <= len(alike) // 20, sorted(made & alike)
    assert made - alike
