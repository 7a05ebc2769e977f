"""In which words it is asked: chosen by chance among those that fit, learnt, and not the same again at once."""

from collections import Counter
from datetime import timedelta

import pytest

from services.nudge.choose_words import NOVELTY, RECOVERY, chances_of, choose_words, freshness
from services.nudge.documents import WORDINGS, WordingTally
from services.nudge.learn_words import wording_key
from shared.events import Answer, Evidence, Kind, MemberForgotten, NudgeIssued, NudgeSeen, Reason, Wording
from tests.nudging import START, Garden, answered, dump, hours, make, post, ranked, reply

WHY = (Evidence(reason=Reason.ACTIVE_LATELY),)
DAY = timedelta(days=1)


def asked(garden: Garden) -> NudgeIssued:
    written = post(START)
    garden.step(written, ranked(written, "ann"))
    [issued] = [event for event in garden.until(START + hours(2)) if isinstance(event, NudgeIssued)]
    return issued


def test_what_is_logged_is_the_probability_of_the_choice() -> None:
    """Over many nudges each wording comes as often as the propensities say, and the same nudge has always the same."""
    garden = Garden()
    for wording, tally in ((Wording.PLAIN, WordingTally(6, 4)), (Wording.WARM, WordingTally(4, 6))):
        garden.documents.put(WORDINGS, wording_key(Kind.REPLY, wording), tally)
    chosen = [choose_words(garden.state, f"n{n}", "ann", Kind.REPLY, WHY, START) for n in range(600)]
    assert chosen == [choose_words(garden.state, f"n{n}", "ann", Kind.REPLY, WHY, START) for n in range(600)]
    # Inverse propensities sum to the number of nudges for each of the words, if they are what they say.
    for wording in Wording:
        weights = [1 / one.propensity for one in chosen if one.wording is wording]
        assert sum(weights) == pytest.approx(600, rel=0.2)
    assert Counter(one.wording for one in chosen)[Wording.PLAIN] > Counter(one.wording for one in chosen)[Wording.WARM]


def test_who_asks_with_a_reason_needs_one() -> None:
    """Words that would have nothing to say sleep."""
    garden = Garden()
    chosen = {choose_words(garden.state, f"n{n}", "ann", Kind.REPLY, (), START).wording for n in range(60)}
    assert chosen == {Wording.PLAIN, Wording.WARM}


def test_words_recover() -> None:
    """Right after they were seen words have lost a part of their worth; half of that is back after the half-life."""
    assert freshness(None) == 1
    assert freshness(timedelta()) == 1 - NOVELTY
    assert freshness(RECOVERY) == 1 - NOVELTY / 2
    assert freshness(100 * RECOVERY) == pytest.approx(1)


def test_words_seen_lately_come_less_often() -> None:
    """Who was just asked in some words is more likely asked in others next, and after months as anybody."""
    garden = Garden(vary_wording=False)
    issued = asked(garden)
    state = garden.state
    state.settings = garden.settings.model_copy(update={"vary_wording": True})

    def share(member: str, after: timedelta) -> float:
        chosen = [choose_words(state, f"n{n}", member, Kind.REPLY, WHY, issued.at + after) for n in range(200)]
        return sum(one.wording is Wording.PLAIN for one in chosen) / 200

    assert share("ann", timedelta()) < share("bob", timedelta()) - 0.15
    assert share("ann", 300 * DAY) == share("bob", timedelta())


def test_what_is_acted_on_is_chosen_more_often() -> None:
    """Chances follow what was learnt, and what is little known keeps its own."""
    tallies = {Wording.PLAIN: WordingTally(30, 70), Wording.WARM: WordingTally(60, 40), Wording.REASON: WordingTally()}
    chances = chances_of(tallies, dict.fromkeys(tallies, 1.0), "seed")
    assert chances.get(Wording.PLAIN, 0.0) < 0.02
    assert chances[Wording.REASON] > 0.2
    assert sum(chances.values()) == pytest.approx(1)


def test_outcomes_are_learnt() -> None:
    """A reply counts for the words; what was seen and passed against them; what nobody saw says nothing."""
    garden = Garden()
    issued = asked(garden)
    garden.step(reply(START + hours(2.5), "ann"))
    assert garden.documents.get(WORDINGS, wording_key(Kind.REPLY, issued.wording)) == WordingTally(acted=1)
    other = Garden()
    issued = asked(other)
    other.step(answered(START + hours(3), issued.nudge, "ann", Answer.PASS))
    assert other.documents.get(WORDINGS, wording_key(Kind.REPLY, issued.wording)) == WordingTally(passed=1)
    unseen = Garden()
    issued = asked(unseen)
    unseen.until(START + hours(27))
    assert unseen.documents.get(WORDINGS, wording_key(Kind.REPLY, issued.wording)) is None
    seen = Garden()
    issued = asked(seen)
    seen.step(make(NudgeSeen, START + hours(3), nudge=issued.nudge, member="ann"))
    seen.until(START + hours(27))
    assert seen.documents.get(WORDINGS, wording_key(Kind.REPLY, issued.wording)) == WordingTally(passed=1)


def test_the_forgotten_leave_sums_only() -> None:
    """What is kept of words names nobody; what was seen goes with its member."""
    garden = Garden()
    issued = asked(garden)
    garden.step(reply(START + hours(2.5), "ann", message="ra"), make(MemberForgotten, START + hours(4), member="ann"))
    kept = {key: body for key, body in dump(garden.documents).items() if key.startswith("wording/")}
    assert list(kept) == [f"wording/{wording_key(Kind.REPLY, issued.wording)}"]
    assert b"ann" not in b"".join(kept.values())
    assert garden.state.inbox("ann") == ()


def test_plainly_where_nothing_is_to_vary() -> None:
    """An operator who wants one wording has it, with certainty in the log."""
    issued = asked(Garden(vary_wording=False))
    assert (issued.wording, issued.wording_propensity) == (Wording.PLAIN, 1.0)
    varied = asked(Garden())
    assert 0 < varied.wording_propensity < 1
