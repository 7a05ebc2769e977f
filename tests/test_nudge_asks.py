"""Whom nudge asks, when, and whom never."""

from datetime import UTC, datetime, time

import pytest

from services.nudge.budget import free_at, halved
from services.nudge.choose import Applicant, Bar, bars
from services.nudge.documents import Candidate, Member
from services.nudge.settings import NudgeSettings
from shared.events import (
    ChannelChanged,
    ChannelClosed,
    CommunityClosed,
    Event,
    Kind,
    MemberLeft,
    MemberUpdated,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    PostPublished,
    PreferencesChanged,
    Role,
    RolesChanged,
    Withdrawal,
    WorkingHours,
)
from tests.nudging import START, Garden, hours, make, people, post, ranked, reply, tick


def asked(events: list[Event]) -> list[str]:
    return [event.member for event in events if isinstance(event, NudgeIssued)]


def withdrawn(events: list[Event]) -> list[tuple[str, Withdrawal]]:
    return [(event.member, event.reason) for event in events if isinstance(event, NudgeWithdrawn)]


def opened(
    garden: Garden, *members: str, first: bool = False, channel: str = "open", message: str = "p"
) -> PostPublished:
    event = post(START, message=message, channel=channel)
    garden.step(event, ranked(event, *members, first=first))
    return event


@pytest.mark.parametrize(
    ("still_open", "wait"),
    [({1: 0.4, 4: 0.38, 24: 0.36}, 1), ({1: 0.6, 4: 0.2, 24: 0.18}, 4), ({1: 0.99, 4: 0.97, 24: 0.9}, 0)],
)
def test_a_post_waits_as_long_as_it_is_likely_to_be_answered_by_itself(still_open: dict[int, float], wait: int) -> None:
    """Where most are answered within the hour, the hour is waited for; what nobody answers is asked about at once."""
    garden = Garden()
    event = post(START)
    begun = garden.step(event, ranked(event, "ann", "bob", still_open=still_open))
    later = garden.until(START + hours(wait + 0.01))
    [issued] = [out for out in [*begun, *later] if isinstance(out, NudgeIssued)]
    assert issued.at == START + hours(wait)
    assert 0 < issued.features["stays_open_a_day"] <= 1


def test_the_best_match_is_asked_after_the_wait() -> None:
    """A post of which nothing is known gets two hours to be answered by itself; then the best match is asked."""
    garden = Garden()
    opened(garden, "ann", "bob")
    assert garden.until(START + hours(1.99)) == []
    [issued] = garden.until(START + hours(2))
    assert isinstance(issued, NudgeIssued)
    assert (issued.member, issued.rank, issued.kind, issued.role) == ("ann", 1, Kind.REPLY, Role.CHAMPION)
    assert issued.propensity == 1.0
    assert issued.features["age_hours"] == 2.0
    assert issued.evidence
    assert issued.expires == START + hours(26)


def test_a_first_post_is_welcomed_sooner() -> None:
    """A newcomer waits one hour, not two, and the nudge says that it is a welcome."""
    garden = Garden()
    opened(garden, "ann", first=True)
    [issued] = garden.until(START + hours(1))
    assert isinstance(issued, NudgeIssued)
    assert issued.kind is Kind.WELCOME


def test_an_old_post_asks_nobody() -> None:
    """Importing history into a live community asks nobody about it."""
    garden = Garden()
    garden.step(tick(START + hours(48)))
    opened(garden, "ann")
    assert garden.until(START + hours(100)) == []


def test_an_ask_that_expires_passes_to_the_next_three_at_most() -> None:
    """A post does not die with one person who is away, and does not wake the whole village either."""
    garden = Garden(attention_price=0)
    opened(garden, "ann", "bob", "cat", "dan")
    out = garden.until(START + hours(100))
    assert asked(out) == ["ann", "bob", "cat"]
    assert sum(isinstance(event, NudgeExpired) for event in out) == 3


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (None, (Bar.UNKNOWN,)),
        (Member(roles=(Role.LEADER,)), (Bar.DIGEST,)),
        (Member(), (Bar.NO_ROLE,)),
        (Member(roles=(Role.CHAMPION,), left=True), (Bar.LEFT,)),
        (Member(roles=(Role.CHAMPION,), bot=True), (Bar.BOT,)),
        (Member(roles=(Role.CHAMPION,), without=(Kind.REPLY,)), (Bar.OPTED_OUT,)),
        (Member(roles=(Role.CHAMPION,), paused_until=START + hours(1)), (Bar.PAUSED,)),
        (Member(roles=(Role.CHAMPION,), weekly_asks=0), (Bar.BUDGET,)),
        (Member(roles=(Role.CHAMPION,), zone="Asia/Tokyo"), (Bar.HOURS,)),
        (Member(roles=(Role.CHAMPION,), zone="Nowhere/AtAll"), ()),
    ],
)
def test_every_bar_has_its_name(member: Member | None, expected: tuple[Bar, ...]) -> None:
    """Somebody who is not asked is not asked for a reason that can be told."""
    applicant = Applicant(Candidate("ann", 1.0, 1), member, reads=True, asked=False, author=False)
    assert bars(applicant, Kind.REPLY, START, NudgeSettings()) == expected


def test_people_without_a_role_are_asked_only_where_operators_say_so() -> None:
    """A community without champions asks nobody by default."""
    garden = Garden()
    opened(garden, "plain")
    assert asked(garden.until(START + hours(100))) == []
    garden = Garden(ask_members=True)
    opened(garden, "plain", "asker", "bot", "stranger")
    assert asked(garden.until(START + hours(100))) == ["plain"]


def test_who_gets_a_role_later_is_asked_then() -> None:
    """An open post does not miss the champion who was named an hour ago."""
    garden = Garden()
    opened(garden, "plain")
    garden.until(START + hours(3))
    out = garden.step(make(RolesChanged, START + hours(4), member="plain", roles=(Role.CHAMPION,)))
    assert asked(out) == ["plain"]


def test_nobody_is_asked_outside_their_hours() -> None:
    """Somebody whose day is over is asked when their next one begins."""
    garden = Garden(people(START - hours(1), zone="Asia/Tokyo"))
    opened(garden, "ann")
    [issued] = garden.until(START + hours(30))
    assert issued.at == datetime(2026, 3, 3, 0, tzinfo=UTC)


def test_own_hours_replace_the_default() -> None:
    """Who works in the evening is asked in the evening."""
    garden = Garden(people(START - hours(1), zone="UTC"))
    evening = WorkingHours(start=time(20), end=time(22), weekdays=(0, 1, 2, 3, 4, 5, 6))
    garden.step(make(PreferencesChanged, START, member="ann", hours=evening, zone="Europe/Berlin"))
    opened(garden, "ann")
    [issued] = garden.until(START + hours(20))
    assert issued.at == START + hours(7)


def test_the_budget_of_a_week_holds_over_all_posts() -> None:
    """However many posts need Ann, she is asked as often as she wants in a week, and then when it is over."""
    garden = Garden(attention_price=0)
    garden.step(make(PreferencesChanged, START, member="ann", weekly_asks=2))
    for n in range(3):
        opened(garden, "ann", message=f"p{n}")
    assert asked(garden.until(START + hours(72))) == ["ann", "ann"]
    later = post(START + hours(72 + 48), message="later")
    out = garden.step(later, ranked(later, "ann"), tick(START + hours(170)))
    assert [event.at for event in out if isinstance(event, NudgeIssued)] == [START + hours(7 * 24 + 2)]


def test_nobody_can_be_asked_more_than_the_cap() -> None:
    """A slip of the finger does not ask for a hundred nudges a week."""
    garden = Garden(weekly_asks_cap=5)
    garden.step(make(PreferencesChanged, START, member="ann", weekly_asks=100))
    for n in range(8):
        opened(garden, "ann", message=f"p{n}")
    assert len(asked(garden.until(START + hours(72)))) == 5


def test_the_week_frees_the_oldest_ask() -> None:
    """The budget is over 7 x 24 h, exactly."""
    times = (START, START + hours(1))
    assert free_at(times, 2, START + hours(2)) == START + hours(168)
    assert free_at(times, 2, START + hours(168)) == START + hours(168)
    assert free_at(times, 3, START + hours(2)) == START + hours(2)
    assert free_at(times, 1, START + hours(2)) == START + hours(169)
    assert free_at(times, 0, START) is None
    assert [halved(limit) for limit in (0, 1, 2, 3, 5, 10)] == [0, 1, 1, 1, 2, 5]


def test_only_readers_are_asked_about_a_private_channel() -> None:
    """Nobody learns of a post in a channel that they cannot read."""
    garden = Garden()
    opened(garden, "bob", "ann", channel="shed")
    assert asked(garden.until(START + hours(100))) == ["ann"]
    garden = Garden()
    opened(garden, "bob", "ann", channel="never heard of")
    assert asked(garden.until(START + hours(100))) == []


def test_an_answer_withdraws_the_nudge() -> None:
    """Somebody was faster: whoever was asked is told so, and nobody else is asked."""
    garden = Garden()
    opened(garden, "ann", "bob")
    garden.until(START + hours(3))
    out = garden.step(reply(START + hours(4), "plain"))
    assert withdrawn(out) == [("ann", Withdrawal.ANSWERED)]
    assert garden.until(START + hours(100)) == []


@pytest.mark.parametrize(("author", "channel"), [("asker", "open"), ("bot", "open"), ("bob", "elsewhere")])
def test_not_every_reply_answers(author: str, channel: str) -> None:
    """The author's own words, a bot, and what the author cannot read are no answer."""
    garden = Garden()
    opened(garden, "ann")
    garden.step(reply(START + hours(1), author, channel=channel))
    assert asked(garden.until(START + hours(3))) == ["ann"]


def test_a_reply_before_its_post_and_its_matches_counts() -> None:
    """Deliveries out of order ask nobody about what has been answered."""
    event = post(START)
    for order in ([reply(START, "bob"), event], [event, reply(START, "bob")]):
        garden = Garden()
        garden.step(*order, ranked(event, "ann"))
        assert garden.until(START + hours(100)) == []
    garden = Garden()
    garden.step(reply(START, "asker"), event, ranked(event, "ann"))
    assert asked(garden.until(START + hours(3))) == ["ann"]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (MemberLeft, {"member": "ann"}, Withdrawal.LEFT),
        (MemberUpdated, {"member": "ann", "bot": True}, Withdrawal.LEFT),
        (MemberLeft, {"member": "asker"}, Withdrawal.TAKEN_BACK),
        (PreferencesChanged, {"member": "ann", "without": (Kind.REPLY,)}, Withdrawal.OPTED_OUT),
        (PreferencesChanged, {"member": "ann", "paused_until": START + hours(50)}, Withdrawal.OPTED_OUT),
        (ChannelClosed, {"channel": "shed"}, Withdrawal.UNREADABLE),
        (ChannelChanged, {"channel": "shed", "left": ("ann",)}, Withdrawal.UNREADABLE),
        (ChannelChanged, {"channel": "shed", "left": ("asker",)}, Withdrawal.UNREADABLE),
        (CommunityClosed, {}, Withdrawal.UNREADABLE),
    ],
)
def test_what_changes_withdraws(kind: type[Event], fields: dict[str, object], reason: Withdrawal) -> None:
    """A nudge whose ground is gone is taken back, with the reason."""
    garden = Garden()
    opened(garden, "ann", channel="shed")
    assert asked(garden.until(START + hours(2))) == ["ann"]
    assert withdrawn(garden.step(make(kind, START + hours(3), **fields))) == [("ann", reason)]


def test_late_and_repeated_facts_do_not_undo_newer_ones() -> None:
    """Ann, who left a private channel, does not come back into it by a delivery that came late."""
    garden = Garden()
    joined = make(ChannelChanged, START, channel="shed", joined=("bob",))
    garden.step(joined, make(ChannelChanged, START + hours(0.5), channel="shed", left=("bob",)), joined)
    assert not garden.state.reads("bob", "shed")
    garden.step(make(MemberLeft, START + hours(1), member="bob"), *people(START - hours(1)))
    bob = garden.state.member("bob")
    assert bob is not None
    assert bob.left


def test_settings_that_cannot_be_are_refused() -> None:
    """Unsafe values stop the start, in a sentence that names the setting."""
    with pytest.raises(ValueError, match="opportunity_hours"):
        NudgeSettings(opportunity_hours=24)
    with pytest.raises(ValueError, match="weekly_asks_champion"):
        NudgeSettings(weekly_asks_cap=4)
    with pytest.raises(ValueError, match="asks_per_week"):
        NudgeSettings.model_validate({"asks_per_week": 3})
