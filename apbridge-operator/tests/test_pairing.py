"""How surely two records are taken for one: what speaks for a pair, and what against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apbridge.likeness import address, last_four, names, tax_digits, town
from apbridge_operator.matching.pairing import Grade, MatchParty, propose

STREET = {"line1": "12 Main Street", "city": "Seattle", "state": "WA", "postal_code": "98101-1234"}
TAX = "91-2837465"


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
        ("St. Mary Hospital", "Saint Mary Hospital"),
        ("Acme S.A. de C.V.", "ACME SA DE CV"),
        ("Acme Sp. z o.o.", "Acme"),
        ("Acme S.r.l.", "Acme SRL"),
        ("Acme Pty Limited", "Acme Pty. Ltd."),
        ("Møller A/S", "Moller AS"),
        ("\u682a\u5f0f\u4f1a\u793e \u5c71\u7530", "\u5c71\u7530 \u682a\u5f0f\u4f1a\u793e"),
    ],
)
def test_spellings_of_one_name_have_the_same_words(one: str, other: str):
    assert {name.words for name in names(one)} & {name.words for name in names(other)}
    assert grade(party("a", one, TAX), party("1", other, "912837465")) is Grade.SURE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Roofing", "Acme Plumbing"),
        ("Adabco", "Abco"),
        ("The Company", "The Limited"),
        ("Acme", "Dbacme"),
        ("Saint Supply", "Street Supply"),
        ("Co Store", "Store"),
        ("PA Turnpike", "Turnpike"),
        ("\u5c71\u7530", "\u9234\u6728"),
        ("\u30ab\u30b7", "\u30ac\u30b7"),
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
        (party("1", "Acme Plumbing", "98-1726354", **STREET), Grade.UNCLEAR),
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


@pytest.mark.parametrize(
    "tax", ["000000000", "111111111", "12-3456789", "987654321", "123-123-123", "000000001"]
)
@pytest.mark.parametrize("told", ["", "FOREIGN", "applied for", "N/A"])
def test_what_stands_for_a_tax_id_that_is_not_known_is_none(tax: str, told: str):
    assert tax_digits(tax) == tax_digits(told) == ""
    assert grade(party("a", "Acme Plumbing", tax), party("1", "Acme Plumbing", tax)) is Grade.LIKELY
    assert grade(party("a", "Acme Plumbing", told), party("1", "Acme Roofing", told)) is Grade.NONE


@pytest.mark.parametrize("empty", ["", "  ", "...", "-"])
def test_a_name_of_nothing_is_nobodys(empty: str):
    assert grade(party("a", empty, **STREET), party("1", empty, **STREET)) is Grade.NONE
    assert grade(party("a", empty, **STREET), party("1", "Acme", **STREET)) is Grade.NONE
    assert grade(party("a", empty, TAX), party("1", empty, TAX)) is Grade.LIKELY


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (party("a", "Local 12 Union", TAX), party("1", "Local 13 Union", TAX)),
        (
            party("a", "Acme Logistics West", TAX, **STREET),
            party("1", "Acme Logistics Est", TAX, city="Reno"),
        ),
        (party("a", "Globex", TAX, **STREET), party("1", "Acme", TAX, **STREET)),
        (party("a", "Saint Supply", **STREET), party("1", "Street Supply", **STREET)),
        (party("a", "Acme GmbH", **STREET), party("1", "Acme Inc", **STREET)),
        (party("a", "\u5c71\u7530", **STREET), party("1", "\u9234\u6728", **STREET)),
    ],
)
def test_namesakes_are_never_sure(here: MatchParty, there: MatchParty):
    assert grade(here, there) is not Grade.SURE


def test_a_tax_id_that_a_linked_record_has_too_makes_nothing_sure():
    here, there = party("a", "Acme Plumbing", TAX), party("1", "Acme Plumbing", TAX)
    assert grade(here, there) is Grade.SURE
    assert propose([here], [there], {here.tax})[0].grade is Grade.UNCLEAR


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 St Charles St", "12 Saint Charles Street"),
        ("12 N. St. Charles Ave", "12 North Saint Charles Avenue"),
        ("12 Main St", "12 Main Street"),
        ("45 St", "45 Street"),
    ],
)
def test_st_is_saint_or_street_by_its_place_in_an_address(one: str, other: str):
    there = {"city": "Reno", "postal_code": "89501"}
    assert address({**there, "line1": one}) == address({**there, "line1": other})


def test_codes_are_one_by_code_and_name():
    here = MatchParty("a", "Repairs & Maintenance", code="6310")
    assert grade(here, MatchParty("1", "REPAIRS AND MAINT", code="6310")) is Grade.SURE
    assert grade(here, MatchParty("1", "Repairs and maintenance", code="6310-00")) is Grade.LIKELY
    assert grade(here, MatchParty("1", "Utilities", code="6310")) is Grade.UNCLEAR
    assert grade(here, MatchParty("1", "Utilities", code="6400")) is Grade.NONE
