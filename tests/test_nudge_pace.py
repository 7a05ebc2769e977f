"""How close together somebody is asked: never closer than they wish, and less where they let asks go by."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nudge.budget import WEEK, weekly_limit
from services.nudge.choose import Applicant, Bar, bars, possible_at
from services.nudge.documents import ASKS, Asks, Candidate, Member
from services.nudge.pace import RAREST, REMEMBERED, gap_of, is_slowed, is_too_soon, rested_at, slowed_to
from services.nudge.settings import NudgeSettings
from shared.events import Answer, ContentQueued, Event, Kind, NudgeIssued, PreferencesChanged, Role
from shared.stamps import Stamp
from tests.nudge_house import ANN, KEY, House, open_house
from tests.nudging import START, Garden, answered, hours, make, post, ranked, reply

SETTINGS = NudgeSettings()
LONG_AGO = START - 2 * REMEMBERED
moments = st.integers(0, 24 * 7 * 9).map(lambda n: START - hours(n))


def ask(garden: Garden, message: str, at: datetime = START, until: float = 3) -> list[Event]:
    event = post(at, message=message)
    return garden.step(event, ranked(event, "ann")) + garden.until(at + hours(until))


def asked(out: list[Event]) -> list[datetime]:
    return [event.at for event in out if isinstance(event, NudgeIssued)]


def let_go(garden: Garden) -> int:
    return len((garden.documents.get(ASKS, "ann") or Asks()).let_go)


# The least time between two asks


def test_nobody_is_asked_twice_within_the_least_time() -> None:
    """A post that nobody else can answer waits for it; over all kinds."""
    garden = Garden(gap_hours=5)
    assert asked(ask(garden, "p")) == [START + hours(2)]
    out = ask(garden, "q", START + hours(1), until=5.9)
    assert not asked(out)
    garden.step(make(ContentQueued, START + hours(6.9), content="c", title="A guide", by="bob"))
    out = garden.until(START + hours(11.9))
    assert [event.post for event in out if isinstance(event, NudgeIssued) and event.member == "ann"] == ["q"]


def test_a_member_wishes_more_time_or_less() -> None:
    """Their own word holds over the community's, in either direction."""
    for wish, expected in ((1, hours(3)), (20, hours(22))):
        garden = Garden(gap_hours=5)
        garden.step(make(PreferencesChanged, START, member="ann", gap_hours=wish))
        ask(garden, "p")
        assert asked(ask(garden, "q", START + hours(1), until=40)) == [START + expected]


# Who lets asks go by


def test_who_passes_twice_is_asked_half_as_often() -> None:
    """A pass counts two of the four that halve it: of five a week, one in 67 hours is left."""
    garden = Garden()
    for n in range(2):
        (issued,) = (e for e in ask(garden, f"p{n}", START + hours(3 * n)) if isinstance(e, NudgeIssued))
        garden.step(answered(START + hours(3 * n + 2.5), issued.nudge, "ann", Answer.PASS))
    last = START + hours(5)
    assert asked(ask(garden, "q", START + hours(70))) == [last + timedelta(hours=67, minutes=15)]


@pytest.mark.parametrize("answer", [Answer.LESS, Answer.HAND_OVER, Answer.LATER, Answer.CLAIM, Answer.NEVER])
def test_other_answers_are_no_pass(answer: Answer) -> None:
    """Who hands over, puts off or claims has not let it go by; `less` and `never` say by themselves how often."""
    garden = Garden()
    (issued,) = (e for e in ask(garden, "p") if isinstance(e, NudgeIssued))
    garden.step(answered(START + hours(3), issued.nudge, "ann", answer, to="bob"))
    assert let_go(garden) == 0


def test_an_ask_without_a_word_counts_once_it_is_over() -> None:
    """Ignored is let go, too; what somebody else answered meanwhile is not."""
    garden = Garden()
    ask(garden, "p", until=20)
    assert let_go(garden) == 0
    garden.until(START + hours(27))
    assert let_go(garden) == 1
    ask(garden, "q", START + hours(30))
    garden.step(reply(START + hours(34), "bob", to="q"))
    assert let_go(garden) == 1


def test_taking_one_up_ends_it() -> None:
    """Who replies is asked as often as ever."""
    garden = Garden()
    garden.documents.put(ASKS, "ann", Asks((), (START - hours(1),) * 8))
    ask(garden, "p")
    garden.step(reply(START + hours(3), "ann"))
    assert let_go(garden) == 0


def test_naming_a_number_ends_it() -> None:
    """What came before a member's own word on how often does not count any more."""
    garden = Garden()
    garden.documents.put(ASKS, "ann", Asks((START - hours(2),), (START - hours(1),) * 8))
    assert not asked(ask(garden, "p"))
    assert asked(garden.step(make(PreferencesChanged, START + hours(3), member="ann", weekly_asks=2)))


def test_a_backtest_whose_asks_nobody_gets_slows_nobody() -> None:
    """Nobody ignores what they never got."""
    garden = Garden(learn_from_asks=False)
    ask(garden, "p", until=40)
    assert let_go(garden) == 0


@given(
    st.lists(moments, max_size=40),
    st.lists(moments, max_size=5),
    st.none() | st.integers(0, 10),
    st.none() | moments,
    st.none() | st.integers(0, 336),
)
def test_the_pace_only_falls_and_always_comes_back(
    gone: list[datetime], asks: list[datetime], often: int | None, named: datetime | None, gap: int | None
) -> None:
    """Never faster than the member said, never more rarely than once a fortnight for it, and forgotten in time."""
    gone, asks = sorted(gone), sorted(asks)
    stamps = {} if named is None else {"weekly_asks": Stamp(named, "e")}
    member = Member(roles=(Role.CHAMPION,), weekly_asks=often, gap_hours=gap, stamps=stamps)
    slowed = slowed_to(member, gone, START, SETTINGS)
    limit = weekly_limit(member, SETTINGS)
    assert slowed is None or (limit > 0 and WEEK / limit < slowed <= RAREST)
    assert slowed_to(member, gone, START + REMEMBERED, SETTINGS) is None
    free = rested_at(member, asks, gone, START, SETTINGS)

    def barred(at: datetime) -> bool:
        return is_too_soon(member, asks, at, SETTINGS) or is_slowed(member, asks, gone, at, SETTINGS)

    assert START <= free <= max([START, *(at + max(RAREST, gap_of(member, SETTINGS)) for at in asks)])
    assert not barred(free)
    assert all(barred(START + n * hours(1)) for n in range(int((free - START) / hours(1))))


def test_each_bar_has_its_name() -> None:
    """The log of decisions tells too soon from slowed."""
    member, candidate = Member(roles=(Role.CHAMPION,)), Candidate("ann", 0.5, 1)

    def barred(ago: float, gone: int) -> tuple[Bar, ...]:
        asks, let_go = (START - hours(ago),), (START - hours(1),) * gone
        found = Applicant(candidate, member, True, False, False, asks=asks, let_go=let_go)
        result = bars(found, Kind.REPLY, START, SETTINGS)
        assert bool(result) == (possible_at(found, START, SETTINGS) != START)
        return result

    assert barred(3, 0) == (Bar.GAP,)
    assert barred(5, 0) == ()
    assert barred(5, 4) == (Bar.SLOWED,)
    assert barred(68, 4) == ()
    assert barred(3, 4) == (Bar.GAP, Bar.SLOWED)


# On the page


def form(**changes: Any) -> dict[str, Any]:
    return {"kinds": [kind.value for kind in Kind], "weekly_asks": "5", "interests": "", "language": "en", **changes}


@pytest.fixture
async def house(redis_url: str, prefix: str) -> Any:
    async with open_house(redis_url, prefix) as opened:
        yield opened


async def test_the_page_says_why_and_saving_a_number_ends_it(house: House) -> None:
    """Nobody is slowed without being told, in their language, and how it ends."""
    page = house.page()
    assert "go by lately" not in (await house.http.get(page)).text
    house.garden.documents.put(ASKS, "ann", Asks((START,), (START,) * 8))
    assert "every 134 hours at most" in (await house.http.get(page)).text
    await house.http.post(f"{page}/preferences", data=form(language="de"))
    assert "go by lately" not in (await house.http.get(page)).text
    house.garden.documents.put(ASKS, "ann", Asks((START,), (house.now[0] + hours(0.1),) * 8))
    house.now[0] += hours(1)
    assert "höchstens alle 134 Stunden" in (await house.http.get(page)).text


async def test_a_member_saves_how_far_apart(house: House) -> None:
    """What they leave as it is stays the community's; what they change is theirs."""
    page = house.page()
    for gap, expected in (("0", None), ("12", 12), ("x", 12), ("337", 12), ("", 12)):
        house.now[0] += hours(0.1)
        await house.http.post(f"{page}/preferences", data=form(gap_hours=gap))
        known = house.garden.state.member("ann")
        assert known is not None
        # The house's community has 4 hours, its garden none.
        assert known.gap_hours == (0 if gap == "0" else expected)
    said = await house.http.post(f"{ANN}/preferences", json={"gap_hours": 400}, headers=KEY)
    assert said.status_code == 422
