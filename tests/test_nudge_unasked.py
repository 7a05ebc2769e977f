"""What nobody could be asked about is there for operators to see, with why, for as long as that is so."""

from datetime import datetime
from typing import Any

from prometheus_client import REGISTRY

from services.nudge.count import begin, count
from services.nudge.documents import THE_COMMUNITY
from services.nudge.unasked import MOST_KEPT, UNASKED, Unasked, Waiting, Why, note
from shared.events import Answer, MatchDeclined, NudgeIssued, PreferencesChanged, Role, RolesChanged
from tests.nudge_house import KEY, open_house
from tests.nudging import COMMUNITY, START, Garden, answered, hours, make, post, ranked, reply


def waiting(garden: Garden) -> dict[str, Waiting]:
    return (garden.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting


def left_with_nobody(garden: Garden, *members: str, message: str = "p", at: datetime = START) -> None:
    """Publish a post that these match, and wait until it was decided."""
    one = post(at, message)
    garden.step(one, ranked(one, *members))
    garden.until(at + hours(2.5))


def budgets(asks: int, at: datetime = START) -> list[Any]:
    return [make(PreferencesChanged, at, member=who, weekly_asks=asks) for who in ("ann", "bob", "cat", "dan")]


def test_it_is_kept_since_when_nobody_could_be_asked_and_why() -> None:
    """Barred, matching nobody, and not worth anybody's attention are told apart."""
    garden = Garden()
    garden.step(*budgets(0))
    left_with_nobody(garden, "ann", "bob")
    left_with_nobody(garden, message="q")
    assert waiting(garden)["p"] == Waiting(START + hours(2), Why.BARRED)
    assert waiting(garden)["q"].why is Why.NO_MATCH
    dear = Garden(attention_price=1.0)
    dear.step(*budgets(1))
    left_with_nobody(dear, "ann")
    assert waiting(dear)["p"].why is Why.WORTH


def test_who_was_asked_enough_is_told_from_nobody_there() -> None:
    """Once as many were asked about a post as may be, that is the reason."""
    garden = Garden(people_per_post=1)
    left_with_nobody(garden, "ann", "bob")
    assert waiting(garden) == {}
    issued = next(event for event in garden.driven.emitted if isinstance(event, NudgeIssued))
    garden.step(answered(START + hours(3), issued.nudge, "ann", Answer.PASS))
    assert waiting(garden) == {"p": Waiting(START + hours(3), Why.ENOUGH)}


def test_it_goes_once_somebody_is_asked_or_it_is_open_no_more() -> None:
    """A new champion takes one; the other is answered; nothing is left to see."""
    garden = Garden()
    garden.step(*budgets(0))
    left_with_nobody(garden, "ann", "plain")
    left_with_nobody(garden, "ann", message="q")
    garden.step(make(RolesChanged, START + hours(3), member="plain", roles=(Role.CHAMPION,)))
    assert waiting(garden).keys() == {"q"}
    garden.step(reply(START + hours(4), "bob", to="q"))
    assert garden.documents.get(UNASKED, THE_COMMUNITY) is None


def test_since_stays_while_the_reason_changes() -> None:
    """What has waited longest is seen to have: the first time that nobody could be asked counts."""
    garden = Garden()
    note(garden.state, {"p": Why.BARRED}, START)
    note(garden.state, {"p": Why.WORTH, "q": None}, START + hours(1))
    assert waiting(garden) == {"p": Waiting(START, Why.WORTH)}


def test_each_is_counted_once_when_that_begins() -> None:
    """Whoever is alerted sees how many posts found nobody, not how often that was found again."""
    begin()
    garden = Garden()
    before = {why: counted(why) for why in Why}
    garden.step(*budgets(0))
    left_with_nobody(garden, "ann", "bob")
    left_with_nobody(garden, message="q")
    count([], garden.documents.take_changes().puts)
    garden.until(START + hours(30))
    left_with_nobody(garden, "ann", message="r", at=START + hours(30))
    count([], garden.documents.take_changes().puts)
    rose = {why: rise for why in Why if (rise := counted(why) - before[why])}
    assert rose == {Why.BARRED: 2, Why.NO_MATCH: 1}


def counted(why: Why) -> float:
    found = REGISTRY.get_sample_value("kindling_unasked_total", {"reason": why.value})
    assert found is not None, "it is there from the start"
    return found


def test_who_is_needed_more_elsewhere_leaves_nothing_to_see() -> None:
    """A post that lost its one person to another is asked about in the next round: nobody has to do anything."""
    garden = Garden()
    for name in ("p", "q"):
        one = post(START, name)
        garden.step(one, ranked(one, "ann"))
    garden.until(START + hours(2))
    assert waiting(garden) == {}


def test_not_more_is_kept_than_can_be_read() -> None:
    """Of very many the first ones stay."""
    garden = Garden()
    note(garden.state, {f"late{n}": Why.BARRED for n in range(MOST_KEPT)}, START + hours(1))
    note(garden.state, {"early": Why.BARRED}, START)
    assert len(waiting(garden)) == MOST_KEPT
    assert "early" in waiting(garden)


async def test_operators_read_it_at_a_door(redis_url: str, prefix: str) -> None:
    """With the service key: how many, since when, why, and how many people are barred by what; no wish is told."""
    async with open_house(redis_url, prefix) as house:
        path = f"/v1/communities/{COMMUNITY}/unasked"
        assert (await house.http.get(path)).status_code == 401
        # The house begins with somebody asked.
        nothing = (await house.http.get(path, headers=KEY)).json()
        assert (nothing["open"], nothing["since"], nothing["unasked"]) == (0, None, [])
        at = START + hours(5)
        house.garden.step(*budgets(0, at), make(MatchDeclined, at, member="dan", other="asker"))
        left_with_nobody(house.garden, "ann", "bob", "plain", "dan", message="q", at=at)
        left_with_nobody(house.garden, "ann", message="r", at=at)
        found = (await house.http.get(path, headers=KEY)).json()
        assert (found["open"], found["since"]) == (2, (at + hours(2)).isoformat())
        assert found["why"] == {"barred": 2}
        assert found["people_barred"] == {"budget": 3, "at_a_wish": 1, "no_role": 1}
        first = found["unasked"][0]
        assert (first["post"], first["why"], first["considered"]) == ("q", "barred", 4)
        assert first["barred"] == {"budget": 3, "at_a_wish": 1, "no_role": 1}
        assert "tomatoes" not in str(found)
