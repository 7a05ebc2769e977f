"""Digests: all at once, at the hour that was chosen, at most so many things, each of them an ask."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, nobody_key
from services.nudge.digest import next_sending, sent_since
from services.nudge.documents import ASKS, Asks, Member
from services.nudge.proposals import standing
from services.nudge.settings import NudgeSettings
from shared.events import (
    Absence,
    Answer,
    CommunityOpened,
    Digest,
    Event,
    Kind,
    Mode,
    NudgeIssued,
    NudgeReviewed,
    PreferencesChanged,
    Role,
    RolesChanged,
    WorkingHours,
)
from tests.nudge_house import ANN, KEY, open_house
from tests.nudging import COMMUNITY, START, Garden, answered, hours, make, people, post, ranked, reply
from tests.test_nudge_hours import CHANGES, MINUTE, ZONES

BEFORE = START - hours(1)
# START is a Monday, 12:00 UTC; the digest of leaders comes on Tuesday, 09:00 (of unknown zone: UTC).
EVENING, TUESDAY = START + hours(10), START + hours(21)
WEEKLY: dict[str, Any] = {"digest_leaders": True, "digest_weekday": 1, "gap_hours": 4, "reserve_share": 0}


def opened(*more: Event, zone: str | None = None, **settings: Any) -> Garden:
    leader = make(RolesChanged, BEFORE + MINUTE, member="ann", roles=(Role.LEADER,))
    return Garden([*people(BEFORE, zone=zone), leader, *more], **{**WEEKLY, **settings})


def publish(garden: Garden, number: int, *names: str, at: datetime = EVENING) -> list[Event]:
    out: list[Event] = []
    for n in range(number):
        event = post(at, message=f"p{n}")
        out += garden.step(event, ranked(event, *(names or ("ann",))))
    return out


def asked(out: list[Event]) -> list[tuple[str, datetime]]:
    return [(event.post, event.at) for event in out if isinstance(event, NudgeIssued) and event.member == "ann"]


def test_a_leader_gets_all_at_once_and_at_most_so_much() -> None:
    """Nothing before the hour, then three things of five, each an ask of the week; the others go by."""
    garden = opened()
    assert not asked(publish(garden, 5) + garden.until(TUESDAY - MINUTE))
    found = garden.documents.get(DECISIONS, nobody_key("p0"))
    assert found is not None
    assert found.considered[0].bars == (Bar.DIGEST,)
    out = asked(garden.until(TUESDAY + hours(0.1)))
    assert [at for _, at in out] == [TUESDAY] * 3
    assert len(garden.state.asks("ann")) == 3
    assert not asked(garden.until(TUESDAY + hours(60)))


def test_a_digest_holds_what_is_worth_most_and_no_more_than_the_week_allows() -> None:
    """Two of the week are left, so two come, of whoever's answer adds most."""
    garden = opened(weekly_asks_leader=2)
    for n, chance in enumerate((0.3, 0.5, 0.4)):
        event = post(START + hours(10), message=f"p{n}")
        ranking = ranked(event, "ann")
        match = ranking.matches[0].model_copy(update={"score": chance})
        garden.step(event, ranking.model_copy(update={"matches": (match,)}))
    assert sorted(asked(garden.until(TUESDAY + hours(60)))) == [("p1", TUESDAY), ("p2", TUESDAY)]


def test_what_was_answered_meanwhile_is_in_no_digest() -> None:
    """All is looked at when it is sent: nothing was kept for it before."""
    garden = opened()
    publish(garden, 2)
    garden.step(reply(TUESDAY - hours(1), "bob", to="p0"))
    assert asked(garden.until(TUESDAY + hours(1))) == [("p1", TUESDAY)]


def test_others_are_asked_meanwhile() -> None:
    """A post waits for no digest while there is somebody who can be asked now."""
    garden = opened()
    out = publish(garden, 1, "ann", "bob") + garden.until(TUESDAY + hours(1))
    assert [(event.member, event.at) for event in out if isinstance(event, NudgeIssued)] == [("bob", START + hours(12))]


def test_what_a_person_hands_over_waits_for_no_digest() -> None:
    """Who is named by somebody is asked within their hours and budget, at once."""
    garden = opened()
    out = publish(garden, 1, "bob", "ann", at=START) + garden.until(START + hours(3))
    (issued,) = (event for event in out if isinstance(event, NudgeIssued))
    out = garden.step(answered(START + hours(3), issued.nudge, "bob", Answer.HAND_OVER, to="ann"))
    assert asked(out) == [("p0", START + hours(3))]


def test_what_is_approved_waits_for_no_further_digest() -> None:
    """It was proposed in one, and goes as soon as somebody lets it go."""
    garden = opened(make(CommunityOpened, BEFORE, mode=Mode.APPROVE, asks_consent=False))
    publish(garden, 1)
    assert not standing(garden.state)
    garden.until(TUESDAY)
    (proposed,) = standing(garden.state)
    out = garden.step(make(NudgeReviewed, TUESDAY + hours(2), nudge=proposed, member="ann", approved=True))
    assert asked(out) == [("p0", TUESDAY + hours(2))]


def test_who_lets_asks_go_by_gets_one_thing() -> None:
    """Slowed, a leader's digest is short, too."""
    garden = opened()
    garden.documents.put(ASKS, "ann", Asks((START - hours(100),), (START - hours(50),) * 4))
    publish(garden, 3)
    assert len(asked(garden.until(TUESDAY + hours(60)))) == 1


def test_anybody_chooses_their_hour() -> None:
    """Their own hour holds over working hours, by the clocks where they are."""
    garden = Garden(people(BEFORE, zone="Europe/Berlin"))
    wish = Digest(at=time(20), weekdays=(0, 1, 2, 3, 4))
    garden.step(make(PreferencesChanged, BEFORE, member="ann", digest=wish))
    out = asked(publish(garden, 2, at=START) + garden.until(START + hours(30)))
    assert [at for _, at in out] == [START + hours(7)] * 2


def test_where_nobody_else_is_left_a_leader_does_not_wait_for_a_digest_that_comes_too_late() -> None:
    """Up the ladder, after who let it go by, and within their week; a digest that they chose themselves is kept."""
    late = TUESDAY + hours(3)
    garden = opened()
    alone = publish(garden, 5, at=late) + garden.until(late + hours(60))
    assert [at - late for _, at in asked(alone)] == [hours(2), hours(6), hours(10)]
    assert len(asked(publish(opened(), 1, "ann", "bob", at=late))) == 0
    garden = opened()
    publish(garden, 1, "ann", "bob", at=late)
    assert asked(garden.until(late + hours(60))) == [("p0", late + hours(26))]
    garden = opened(make(PreferencesChanged, BEFORE, member="ann", digest=Digest(at=time(9), weekdays=(1,))))
    publish(garden, 1, at=late)
    assert not asked(garden.until(late + hours(70)))


def test_in_a_digest_a_leader_has_their_turn_with_everybody() -> None:
    """A champion who may be asked as well does not shut out who fits better and is asked once a week."""
    garden = opened()
    awake = WorkingHours(start=time(9), end=time(17), weekdays=(1,))
    garden.step(make(PreferencesChanged, BEFORE, member="bob", hours=awake, zone="UTC"))
    publish(garden, 1, "ann", "bob")
    assert asked(garden.until(TUESDAY + hours(1))) == [("p0", TUESDAY)]


@pytest.mark.parametrize("at", [time(16, 50), time(16, 55), time(17)])
def test_the_community_s_digest_is_sent_while_hours_last(at: time) -> None:
    """A digest at the end of the day is not sent after it: then it comes when they begin again."""
    garden = opened(zone="UTC", digest_time=at)
    publish(garden, 1)
    [(_, asked_at)] = asked(garden.until(TUESDAY + hours(40)))
    assert asked_at == TUESDAY + hours(24)


def test_a_leader_is_asked_one_by_one_who_wishes_so() -> None:
    """On no day of the week: as everybody else."""
    garden = opened()
    garden.step(make(PreferencesChanged, BEFORE, member="ann", digest=Digest(at=time(9), weekdays=())))
    assert asked(publish(garden, 1, at=START) + garden.until(START + hours(3))) == [("p0", START + hours(2))]


def test_the_community_s_digest_comes_within_a_member_s_own_hours() -> None:
    """Who works at night gets on Tuesday night what others get on Tuesday morning."""
    night = WorkingHours(start=time(22), end=time(3), weekdays=(1, 3))
    garden = opened(make(PreferencesChanged, BEFORE, member="ann", hours=night), zone="Europe/Berlin")
    out = publish(garden, 1, at=START + hours(20)) + garden.until(START + hours(60))
    assert asked(out) == [("p0", START + hours(33))]


def test_a_digest_on_a_day_off_is_left_out() -> None:
    """It is not made up for, and the next one holds no more than any."""
    garden = opened()
    days = Absence(first=TUESDAY.date(), last=TUESDAY.date())
    own = Digest(at=time(9), weekdays=(1,))
    garden.step(make(PreferencesChanged, BEFORE, member="ann", absences=(days,), digest=own))
    publish(garden, 1)
    assert not asked(garden.until(TUESDAY + hours(70)))
    publish(garden, 5, at=TUESDAY + hours(24 * 7 - 10))
    assert len(asked(garden.until(TUESDAY + hours(24 * 7 + 1)))) <= 3


@settings(max_examples=60, deadline=None)
@given(
    at=st.builds(lambda at, minutes: at + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-3000, 1500)),
    name=st.sampled_from(ZONES),
    hour=st.integers(0, 1439).map(lambda m: time(m // 60, m % 60)),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
)
def test_a_digest_comes_once_a_day_when_the_wall_clock_shows_its_hour(
    at: datetime, name: str, hour: time, weekdays: tuple[int, ...]
) -> None:
    """Where clocks skip its hour, right after; where they show it twice, the first time only."""
    member, usual = Member(own_zone=name, digest=Digest(at=hour, weekdays=weekdays)), NudgeSettings(round_minutes=1)
    found = next_sending(member, (), at, usual)
    assert found is not None
    sent: set[Any] = set()
    expected: datetime | None = None
    moment = at - timedelta(days=2)
    while expected is None:
        local = moment.astimezone(ZoneInfo(name))
        if local.weekday() in weekdays and local.time() >= hour and local.date() not in sent:
            sent.add(local.date())
            if moment >= at:
                expected = moment
        moment += MINUTE
    assert found == expected
    assert sent_since(member, found, usual) == found
    assert sent_since(member, found + MINUTE, usual) is None


# What a member presses


async def test_a_member_chooses_on_the_page(redis_url: str, prefix: str) -> None:
    """The choice is shown as it is, in their words; left as it is, it stays the community's."""
    async with open_house(redis_url, prefix) as house:
        page = house.page()
        form = {"kinds": [kind.value for kind in Kind], "weekly_asks": "5", "digest_time": "08:30"}
        assert '<option value="none" selected>One by one' in (await house.http.get(page)).text
        for days, expected in (
            ("none", None),
            ("0,1,2,3,4", Digest(at=time(8, 30), weekdays=(0, 1, 2, 3, 4))),
            ("9", Digest(at=time(8, 30), weekdays=(0, 1, 2, 3, 4))),
            ("none", Digest(at=time(8, 30), weekdays=())),
        ):
            house.now[0] += hours(0.1)
            await house.http.post(f"{page}/preferences", data={**form, "digest_days": days})
            known = house.garden.state.member("ann")
            assert known is not None
            assert known.digest == expected
        assert "Monday, Tuesday" in (await house.http.get(page)).text


@pytest.mark.parametrize(("weekdays", "status"), [([2], 200), ([], 200), ([7], 422), (None, 422)])
async def test_programs_choose_it_too(redis_url: str, prefix: str, weekdays: Any, status: int) -> None:
    """A local time of day and days of the week."""
    async with open_house(redis_url, prefix) as house:
        body = {"digest": {"at": "08:30:00", "weekdays": weekdays}}
        assert (await house.http.post(f"{ANN}/preferences", json=body, headers=KEY)).status_code == status
        assert COMMUNITY in ANN
        assert START.tzinfo is UTC
