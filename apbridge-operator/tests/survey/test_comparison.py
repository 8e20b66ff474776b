from __future__ import annotations

import pytest

from apbridge_operator.survey import AnswerState, ProbeResult, Report, changes


def report(
    state: AnswerState = AnswerState.EXPECTED, name: str = "netsuite.periods", **found: object
) -> Report:
    return Report([ProbeResult(name, "", state, found)], "0", "2026-11-30")


def said(earlier: Report, later: Report) -> list[str]:
    return [one.sentence.says for one in changes(earlier, later)]


def test_nothing_is_said_where_nothing_has_changed():
    assert said(report(open="tens", words=["A"]), report(open="tens", words=["A"])) == []


@pytest.mark.parametrize("before", AnswerState)
@pytest.mark.parametrize("after", AnswerState)
def test_a_state_of_a_higher_rank_is_worse(before: AnswerState, after: AnswerState):
    found = list(changes(report(before), report(after)))
    assert [one.is_worse for one in found] == ([] if before is after else [after.rank > before.rank])


def test_facts_are_told_before_and_after():
    assert said(report(open="tens", flag=True, limit=None), report(open="one", flag=False, limit=5)) == [
        "netsuite.periods, flag: was yes, is no.",
        "netsuite.periods, limit: was not known, is 5.",
        "netsuite.periods, open: was tens, is one.",
    ]


def test_of_a_list_what_came_and_went_is_told():
    assert said(report(words=["A", "B"]), report(words=["B", "C"])) == [
        "netsuite.periods, words: new C; gone A."
    ]


def test_probes_that_came_and_went_are_told_and_a_new_one_that_fails_is_worse():
    later = report(AnswerState.FAILS, "netsuite.books")
    came, went = changes(report(), later)
    assert came.is_worse
    assert not went.is_worse
    assert "netsuite.books is asked for the first time: different, will fail." in came.sentence.says
    assert went.sentence.says == "netsuite.periods is no longer asked."
