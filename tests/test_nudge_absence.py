"""Who is away is asked nothing, what they were asked goes to others, and nothing is made up for afterwards."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, nobody_key
from services.nudge.documents import HOLIDAYS, NudgeState
from services.nudge.hours import ANY_HOUR
from shared.events import (
    Absence,
    Answer,
    Event,
    MemberForgotten,
    MemberUpdated,
    NudgeIssued,
    NudgeWithdrawn,
    PreferencesChanged,
    SettingsChanged,
    Withdrawal,
)
from shared.failures import Invalid
from shared.state import TIMERS
from tests.nudge_house import ANN, KEY, open_house
from tests.nudging import START, Garden, answered, dump, hours, make, people, post, ranked

BEFORE = START - hours(1)
# START is a Monday, 2 March.
TUESDAY, FRIDAY = date(2026, 3, 3), date(2026, 3, 6)


def away(*days: tuple[date, date], member: str = "ann", at: Any = BEFORE) -> Event:
    absences = tuple(Absence(first=first, last=last) for first, last in days)
    event: Event = make(PreferencesChanged, at, member=member, absences=absences)
    return event


def holidays(value: str, name: str = "here", at: Any = BEFORE) -> Event:
    event: Event = make(SettingsChanged, at, settings={f"holidays/{name}": value})
    return event


def ask(garden: Garden, *names: str, at: Any = START, message: str = "p", until: float = 3) -> list[Event]:
    event = post(at, message=message)
    garden.step(event, ranked(event, *names))
    return garden.until(at + hours(until))


def asked(out: list[Event]) -> list[tuple[str, Any]]:
    return [(event.member, event.at) for event in out if isinstance(event, NudgeIssued)]


def nudge_of(out: list[Event]) -> str:
    return next(event.nudge for event in out if isinstance(event, NudgeIssued))


def test_nobody_is_asked_while_they_are_away() -> None:
    """From the first day to the last, by the calendar where they are, others are asked; and then they are again."""
    garden = Garden(
        people(BEFORE, zone="Pacific/Auckland"), work_starts="00:00", work_ends="00:00", work_weekdays=range(7)
    )
    # There it is Tuesday already.
    garden.step(away((TUESDAY, TUESDAY)))
    assert [who for who, _ in asked(ask(garden, "ann", "bob"))] == ["bob"]
    decision = garden.documents.table(DECISIONS).values()
    assert [one.bars for found in decision for one in found.considered if one.member == "ann"] == [(Bar.AWAY,)]
    garden = Garden(
        people(BEFORE, zone="Pacific/Auckland"), work_starts="00:00", work_ends="00:00", work_weekdays=range(7)
    )
    garden.step(away((TUESDAY, TUESDAY)))
    ((who, when),) = asked(ask(garden, "ann", until=40))
    # Wednesday, 00:00 in Auckland (UTC+13).
    assert (who, when) == ("ann", START - hours(12) + hours(35))


@pytest.mark.parametrize("claims", [False, True])
def test_what_is_open_is_handed_on_when_an_absence_begins(claims: bool) -> None:
    """At midnight where they are; also what they have claimed, for they are not there to do it."""
    garden = Garden()
    out = ask(garden, "ann", "bob")
    assert [who for who, _ in asked(out)] == ["ann"]
    garden.step(away((TUESDAY, FRIDAY), at=START + hours(3)))
    if claims:
        garden.step(answered(START + hours(4), nudge_of(out), "ann", Answer.CLAIM))
    assert garden.until(START + hours(11.9)) == []
    out = garden.until(START + hours(12))
    assert [(type(event), event.at) for event in out] == [
        (NudgeWithdrawn, START + hours(12)),
        (NudgeIssued, START + hours(12)),
    ]
    assert isinstance(out[0], NudgeWithdrawn)
    assert (out[0].member, out[0].reason) == ("ann", Withdrawal.AWAY)
    assert [who for who, _ in asked(out)] == ["bob"]


def test_an_absence_that_is_told_late_holds_at_once() -> None:
    """Who says on the third day that they are away is taken off what they were asked."""
    garden = Garden()
    ask(garden, "ann", "bob")
    out = garden.step(away((date(2026, 3, 1), FRIDAY), at=START + hours(3)))
    assert [type(event) for event in out] == [NudgeWithdrawn, NudgeIssued]


def test_an_absence_begins_later_for_who_moves_west() -> None:
    """The day begins where the member is: a new zone moves it."""
    garden = Garden()
    garden.step(away((TUESDAY, FRIDAY)))
    garden.step(make(MemberUpdated, START, member="ann", zone="America/New_York"))
    assert garden.documents.table(TIMERS)["away/ann"].due == START + hours(12 + 5)


def test_the_week_after_is_not_made_fuller() -> None:
    """Two weeks away are not caught up with: no week after them holds more than any other."""
    garden = Garden(weekly_asks_champion=3, learn_from_asks=False)
    garden.step(away((TUESDAY, date(2026, 3, 16))))
    out: list[Event] = []
    for n in range(24 * 3):
        out += ask(garden, "ann", at=START + hours(8 * n), message=f"p{n}", until=8)
    times = [at for _, at in asked(out)]
    first = START + timedelta(days=15) - hours(12)
    assert [at for at in times if at < first] == [at for at in times if at < START + hours(12)]
    after = [at for at in times if at >= first]
    assert after
    assert all(sum(at <= other < at + timedelta(days=7) for other in after) <= 3 for at in after)


def test_an_absence_is_taken_back_and_repeats_change_nothing() -> None:
    """Named again, absences replace those before; what was said earlier and comes late does not hold."""
    garden = Garden()
    garden.step(away((TUESDAY, FRIDAY)), away(at=BEFORE + hours(0.5)), away((TUESDAY, FRIDAY)))
    assert "away/ann" not in garden.documents.table(TIMERS)
    assert [who for who, _ in asked(ask(garden, "ann", at=START + hours(24)))] == ["ann"]


def test_who_is_forgotten_leaves_no_absence() -> None:
    """Neither in a document nor in what is to be done later."""
    garden = Garden()
    garden.step(away((TUESDAY, FRIDAY)), make(MemberForgotten, START, member="ann"))
    assert not [key for key in dump(garden.documents) if key.startswith("timer/away")]


# Holidays


def test_nobody_is_asked_on_a_holiday() -> None:
    """Each by the calendar where they are, and the decision says why."""
    garden = Garden([*people(BEFORE), holidays("2026-03-02..2026-03-03, 2026-12-25")])
    assert not asked(ask(garden, "ann"))
    found = garden.documents.get(DECISIONS, nobody_key("p"))
    assert found is not None
    assert found.considered[0].bars == (Bar.HOLIDAY,)
    assert asked(garden.until(START + hours(50))) == [("ann", START + hours(36))]


def test_a_holiday_that_is_taken_back_holds_nobody_up() -> None:
    """What waited for its end is looked at again at once."""
    garden = Garden([*people(BEFORE), holidays("2026-03-02..2026-03-03")])
    assert not asked(ask(garden, "ann"))
    assert asked(garden.step(holidays("", at=START + hours(4))) + garden.until(START + hours(5)))


def test_holidays_are_lists_of_which_the_later_word_holds() -> None:
    """An empty text ends a list; a repeat of what was said before does not bring it back."""
    first, second = holidays("2026-03-02"), holidays("", at=BEFORE + hours(0.5))
    for events in ([first, second], [second, first], [first, second, first]):
        assert asked(ask(Garden([*people(BEFORE), *events]), "ann"))
    both = Garden([*people(BEFORE), holidays("2026-03-02"), holidays("2026-03-03", name="more")])
    assert asked(ask(both, "ann", until=50)) == [("ann", START + hours(36))]


@pytest.mark.parametrize(
    "value",
    [
        "someday",
        "2026-03-05..2026-03-02",
        "2026-02-30",
        "0026-01-01",
        "2026-03-02 2026-03-03",
        "UK: 2026-03-02",
        "Europe: 2026-03-02",
        "Mars/: 2026-03-02",
        ": 2026-03-02",
        "DE:",
        "DE: AT: 2026-03-02",
    ],
)
def test_what_is_no_list_of_days_is_refused_whole(value: str) -> None:
    """With a sentence that says how it is written; nothing of the same event is taken in."""
    garden = Garden()
    with pytest.raises(Invalid, match="must be days as"):
        garden.step(make(SettingsChanged, START, settings={"holidays/a": "2026-03-02", "holidays/b": value}))
    assert not garden.documents.table(HOLIDAYS)


# Whose holidays


def lives(member: str, **where: Any) -> Event:
    event: Event = make(PreferencesChanged, BEFORE, member=member, hours=ANY_HOUR, **where)
    return event


@pytest.mark.parametrize(
    ("where", "whose", "theirs"),
    [
        ({"zone": "Europe/Berlin"}, "DE", True),
        ({"zone": "Europe/Berlin"}, "AT, DE", True),
        ({"zone": "Europe/Berlin"}, "Europe/Berlin", True),
        ({"zone": "Europe/Berlin"}, "Europe/", True),
        ({"zone": "America/Argentina/Salta"}, "America/Argentina/", True),
        ({"zone": "Europe/Berlin"}, "AT, Europe/Vienna, America/", False),
        ({"zone": "Europe/Berlin"}, "DE-BY", False),
        ({"zone": "Europe/Berlin", "region": "DE-BY"}, "DE-BY", True),
        ({"zone": "Europe/Berlin", "region": "DE-BY"}, "DE", True),
        ({"zone": "Europe/Berlin", "region": "AT"}, "DE", False),
        ({"zone": "Europe/Berlin", "region": "AT"}, "Europe/Berlin", True),
        ({"region": "AT"}, "AT", True),
        ({}, "DE", False),
    ],
)
def test_a_list_can_be_of_some_alone(where: dict[str, str], whose: str, theirs: bool) -> None:
    """Of countries, parts of them and zones: by what somebody named, else by their zone; of unknown, none."""
    garden = Garden([*people(BEFORE), lives("ann", **where), holidays(f"{whose}: 2026-03-02")])
    assert bool(asked(ask(garden, "ann"))) is not theirs


def test_who_moves_has_the_holidays_of_where_they_are() -> None:
    """What waited for the end of a day that is theirs no more is looked at again at once."""
    garden = Garden([*people(BEFORE), lives("ann", region="DE"), holidays("DE: 2026-03-02..2026-03-03")])
    assert not asked(ask(garden, "ann"))
    moved = make(PreferencesChanged, START + hours(4), member="ann", region="")
    assert asked(garden.step(moved) + garden.until(START + hours(5)))


def test_a_list_that_is_over_is_dropped_in_time() -> None:
    """As long after its last day, or after it was ended, as nudges are kept; an old word does not bring it back."""
    garden = Garden([*people(BEFORE), holidays("2026-03-02..2026-03-09"), holidays("", name="ended")], keep_days=30)
    assert garden.documents.table(HOLIDAYS).keys() == {"here", "ended"}
    garden.until(BEFORE + timedelta(days=30, minutes=1))
    assert garden.documents.table(HOLIDAYS).keys() == {"here"}
    garden.until(START + timedelta(days=38))
    assert not garden.documents.table(HOLIDAYS)
    garden.step(holidays("2026-03-02..2026-03-09"), holidays("", name="ended"))
    assert not garden.documents.table(HOLIDAYS)


async def test_a_member_names_whose_holidays_are_theirs(redis_url: str, prefix: str) -> None:
    """On their page; what is no country is told and saves nothing, and an empty field is the zone's again."""
    async with open_house(redis_url, prefix) as house:
        page, form = house.page(), {"weekly_asks": "5", "kinds": ["reply"]}
        for given, told, kept in (("de-by", "saved", "DE-BY"), ("XX", "region", "DE-BY"), ("", "saved", "")):
            house.now[0] += hours(0.1)
            said = await house.http.post(f"{page}/preferences", data={**form, "region": given})
            assert said.headers["location"].endswith(f"?told={told}")
            known = house.garden.state.member("ann")
            assert known is not None
            assert known.region == kept
            assert f'name="region" value="{kept}"' in (await house.http.get(page)).text


# What a member presses


async def test_a_member_says_when_they_are_away(redis_url: str, prefix: str) -> None:
    """On their page: the days are listed and can be taken back; by then the ask is gone."""
    async with open_house(redis_url, prefix) as house:
        page = house.page()
        told = await house.http.post(
            f"{page}/absence", data={"first": "2026-03-02", "last": "2026-03-06", "word": "add"}
        )
        assert told.headers["location"].endswith("?told=saved")
        shown = (await house.http.get(page)).text
        assert "Mon 2 Mar 2026 to Fri 6 Mar 2026" in shown
        assert await house.nudges() == []
        house.now[0] += hours(0.1)
        days = {"first": "2026-03-02", "last": "2026-03-06", "word": "remove"}
        await house.http.post(f"{page}/absence", data=days)
        assert "You named no days" in (await house.http.get(page)).text


@pytest.mark.parametrize("days", [("", ""), ("2026-03-06", "2026-03-02"), ("tomorrow", ""), ("99999-01-01", "")])
async def test_what_are_no_days_is_told_on_the_page(redis_url: str, prefix: str, days: tuple[str, str]) -> None:
    """Nothing is saved, and the page says what to give."""
    async with open_house(redis_url, prefix) as house:
        told = await house.http.post(f"{house.page()}/absence", data={"first": days[0], "last": days[1]})
        assert told.headers["location"].endswith("?told=dates")
        assert not house.ingest.taken


async def test_programs_say_it_too(redis_url: str, prefix: str) -> None:
    """All absences from now on; the wrong way round is refused with a pointer."""
    async with open_house(redis_url, prefix) as house:
        body = {"absences": [{"first": "2026-03-02", "last": "2026-03-06"}]}
        said = await house.http.post(f"{ANN}/preferences", json=body, headers=KEY)
        assert said.status_code == 200
        known = house.garden.state.member("ann")
        assert known is not None
        assert known.absences == (Absence(first=date(2026, 3, 2), last=FRIDAY),)
        assert [one.state for one in (house.garden.state.nudge(n) for n in house.garden.state.inbox("ann")) if one] == [
            NudgeState.WITHDRAWN
        ]
        body = {"absences": [{"first": "2026-03-06", "last": "2026-03-02"}]}
        said = await house.http.post(f"{ANN}/preferences", json=body, headers=KEY)
        assert said.status_code == 422
        assert "/absences/0/last" in said.text


async def test_an_absence_holds_back_at_once_what_is_open(redis_url: str, prefix: str) -> None:
    """Before the press has come through, the inbox asks nothing any more."""
    async with open_house(redis_url, prefix) as house:
        house.ingest.waiting = True
        body = {"absences": [{"first": "2026-03-02", "last": "2026-03-06"}]}
        said = await house.http.post(f"{ANN}/preferences", json=body, headers=KEY)
        assert said.status_code == 202
        assert await house.nudges() == []


async def test_nobody_can_hand_over_to_who_is_away(redis_url: str, prefix: str) -> None:
    """They are not offered, and named all the same they are refused as anybody who cannot be asked."""
    async with open_house(redis_url, prefix) as house:
        house.garden.step(away((date(2026, 3, 2), FRIDAY), member="bob", at=START + hours(2.4)))
        (shown,) = await house.nudges()
        assert [person["id"] for person in shown["hand_over_to"]] == ["cat"]  # type: ignore[attr-defined]
        assert (await house.say(await house.first(), "hand_over", to="bob")).status_code == 422
