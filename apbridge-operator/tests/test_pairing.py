"""How surely two records are taken for one: what speaks for a pair, and what against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apbridge.likeness import address, last_four, names, tax_digits, town
from apbridge_operator.matching.pairing import Grade, MatchParty, propose

STREET = {"line1": "12 Main Street", "city": "Seattle", "state": "WA", "postal_code": "98101-1234"}
TAX = "12-3456789"


def party(own: str, name: str, tax: str | None = None, **parts: str) -> MatchParty:
    remit_to = parts or None
    return MatchParty(
        own,
        name,
        tax=tax_digits(tax),
        tax_shown=last_four(tax),
        address=address(remit_to),
        town=town(remit_to),
    )


def grade(here: MatchParty, *there: MatchParty) -> Grade:
    return propose([here], list(there))[0].grade


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Plumbing", "ACME  PLUMBING"),
        ("O'Brien-Sons", "OBrien Sons"),
        ("Acme, Inc.", "Acme Incorporated"),
        ("Acme, Inc.", "ACME L.L.C."),
        ("Smith & Sons", "Smith and Sons"),
        ("The Acme Group", "Acme Grp"),
        ("Plumbing Acme", "Acme Plumbing"),
        ("Main Street Svcs", "Main St. Services"),
        ("Café Zoë", "Cafe Zoe"),
        ("Acme Store #0412", "Acme Store"),
        ("Holding 7 LLC d/b/a Acme Plumbing", "Acme Plumbing"),
        ("Acme Plumbing (DBA)", "Acme Plumbing"),
    ],
)
def test_spellings_of_one_name_have_the_same_words(one: str, other: str):
    assert {name.words for name in names(one)} & {name.words for name in names(other)}
    assert grade(party("a", one, TAX), party("1", other, "123456789")) is Grade.SURE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Roofing", "Acme Plumbing"),
        ("Adabco", "Abco"),
        ("The Company", "The Limited"),
        ("Acme", "Dbacme"),
    ],
)
def test_other_names_have_others(one: str, other: str):
    assert not {name.words for name in names(one)} & {name.words for name in names(other)}


ACME = party("a", "Acme Plumbing, Inc.", TAX, **STREET)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (party("1", "Acme Plumbing", **STREET), Grade.SURE),
        (party("1", "Acme Plumbing LLC", **STREET), Grade.LIKELY),
        (party("1", "Acme Plumbing"), Grade.LIKELY),
        (party("1", "Acme Plumbing", **{**STREET, "city": "Reno", "postal_code": "89501"}), Grade.UNCLEAR),
        (party("1", "Acme Plumbing", "98-7654321", **STREET), Grade.UNCLEAR),
        (party("1", "Acme Plumbing #2", TAX, **STREET), Grade.SURE),
        (party("1", "Somebody else", TAX), Grade.LIKELY),
        (party("1", "Somebody else", **STREET), Grade.NONE),
        (party("1", "Acme Plumbnig"), Grade.UNCLEAR),
        (replace(party("1", "Somebody else"), others=("Acme Plumbing",)), Grade.UNCLEAR),
        (replace(party("1", "Somebody else", **STREET), others=("Acme Plumbing",)), Grade.LIKELY),
    ],
)
def test_what_speaks_for_a_pair_and_against_it(there: MatchParty, expected: Grade):
    (found,) = propose([ACME], [there])
    assert found.grade is expected, found.because
    assert TAX not in "".join(found.because)


def test_where_others_come_into_question_nothing_is_sure():
    twice = [party("1", "Acme Plumbing", **STREET), party("2", "ACME PLUMBING", **STREET)]
    assert [pair.grade for pair in propose([ACME], twice)] == [Grade.UNCLEAR, Grade.UNCLEAR]
    of_ours = [ACME, party("b", "Acme Plumbing", **STREET)]
    assert {pair.grade for pair in propose(of_ours, twice[:1])} == {Grade.UNCLEAR}


def test_a_tax_id_of_several_tells_none_of_them_from_the_others():
    chain = [party("a", "Acme #1", TAX), party("b", "Acme #2", TAX)]
    assert {pair.grade for pair in propose(chain, [party("1", "Acme #1", TAX)])} == {Grade.UNCLEAR}
    assert tax_digits("00-0000000") == ""


def test_another_branch_is_another_record():
    assert grade(party("a", "Acme #1", **STREET), party("1", "Acme #2", **STREET)) is Grade.UNCLEAR


def test_codes_are_one_by_code_and_name():
    here = MatchParty("a", "Repairs & Maintenance", code="6310")
    assert grade(here, MatchParty("1", "REPAIRS AND MAINT", code="6310")) is Grade.SURE
    assert grade(here, MatchParty("1", "Repairs and maintenance", code="6310-00")) is Grade.LIKELY
    assert grade(here, MatchParty("1", "Utilities", code="6310")) is Grade.UNCLEAR
    assert grade(here, MatchParty("1", "Utilities", code="6400")) is Grade.NONE
