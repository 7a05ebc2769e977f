"""What must hold whatever happens: random communities, hour by hour."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise, permutations
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.nudge.absence import days_of
from services.nudge.budget import WEEK, role_of, usable_limit
from services.nudge.digest import digest_of
from services.nudge.documents import ASKS, LIVE, OPPORTUNITIES, PROPOSALS, THE_COMMUNITY, WEEKS, Asks, Opportunity, Week
from services.nudge.holidays import Calendar
from services.nudge.manners import manners_of, mode_of
from services.nudge.measure import week_of
from services.nudge.pace import gap_of, slowed_to
from services.nudge.state import NudgeCommunity
from services.nudge.unasked import UNASKED, Unasked
from services.nudge.worth import is_urgent
from shared.events import (
    Absence,
    Answer,
    ChannelChanged,
    CommunityOpened,
    ContentQueued,
    ContentShared,
    Delegate,
    Digest,
    Event,
    GatheringAttended,
    GatheringChanged,
    GatheringScheduled,
    IntroductionsRanked,
    Kind,
    Match,
    MatchDeclined,
    MemberContacted,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MessageEdited,
    MessageRemoved,
    Mode,
    NudgeActed,
    NudgeEvent,
    NudgeExpired,
    NudgeIssued,
    NudgeReviewed,
    NudgeWithdrawn,
    Pair,
    PeersRanked,
    PostPublished,
    PreferencesChanged,
    Privacy,
    ReplyPublished,
    Role,
    RolesChanged,
    SettingsChanged,
    ThreadFlagged,
    TopicDeclined,
    WorkingHours,
)
from shared.state import Documents
from tests.driving import Driven
from tests.nudging import (
    COMMUNITY,
    START,
    TABLES,
    Garden,
    answered,
    dump,
    hours,
    make,
    people,
    post,
    ranked,
    reply,
    tick,
)
from tests.test_nudge_hours import off_by_the_calendar, open_by_the_wall

PEOPLE = ["ann", "bob", "cat", "plain", "asker"]
POSTS = [f"p{n}" for n in range(8)]
PREFERS = [
    "few",
    "none",
    "apart",
    "kinds",
    "all",
    "pause",
    "away",
    "back",
    "delegates",
    "digest",
    "one by one",
    "zone",
    "region",
    "hours",
    "fine",
    "not for me",
]
HOLIDAYS = ["", "2026-03-04", "DE, Asia/: 2026-03-04..2026-03-05", "2026-03-03..2026-03-05, 2026-03-10"]
MOVES = ["left", "joined", "champion", "leader", "down", "forgotten"]
ENDS = (NudgeWithdrawn, NudgeExpired, NudgeActed)

person = st.sampled_from(PEOPLE)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(POSTS), st.permutations(PEOPLE), st.booleans()),
        st.tuples(st.just("reply"), st.sampled_from(POSTS), person, st.sampled_from([0.0, 0.0, 5.0])),
        st.tuples(st.just("remove"), st.integers(0, 20)),
        st.tuples(st.just("answer"), st.integers(0, 20), st.sampled_from(Answer), person),
        st.tuples(
            st.just("prefer"),
            person,
            st.sampled_from(PREFERS),
        ),
        st.tuples(st.just("member"), person, st.sampled_from(MOVES)),
        st.tuples(st.just("apart"), person, person, st.booleans()),
        st.tuples(st.just("topic"), person, st.sampled_from(POSTS), st.booleans()),
        st.tuples(st.just("grave"), st.sampled_from(POSTS), st.sampled_from(["edit", "flag", "unflag"])),
        st.tuples(st.just("mode"), st.sampled_from(["nudge.mode", "nudge.mode.reply"]), st.sampled_from(Mode)),
        st.tuples(st.just("review"), st.integers(0, 20), st.booleans()),
        st.tuples(st.just("peers"), person, st.permutations(PEOPLE)),
        st.tuples(st.just("pairs"), person, person, person),
        st.tuples(st.just("queue"), st.sampled_from(["c1", "c2"]), person),
        st.tuples(st.just("share"), st.sampled_from(["c1", "c2"]), person),
        st.tuples(st.just("gather"), st.sampled_from(["g1", "g2"]), person, st.sampled_from([20.0, 60.0, 100.0])),
        st.tuples(st.just("cancel"), st.sampled_from(["g1", "g2"])),
        st.tuples(st.just("attend"), st.sampled_from(["g1", "g2"]), person),
        st.tuples(st.just("holidays"), st.sampled_from(HOLIDAYS)),
        st.tuples(st.just("routine"), st.sampled_from(["", "thu 10 | open | Top Tip"])),
        st.tuples(st.just("channel"), person, st.sampled_from(["in", "out", "private", "public"])),
    ),
    min_size=5,
    max_size=60,
)
gaps = st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0, 9.0, 30.0]), min_size=60, max_size=60)
THERE = people(START, zone="Europe/Berlin")
# The same, but nobody is asked who has not heard of it first.
UNTOLD = [*THERE, make(CommunityOpened, START, mode=Mode.AUTOPILOT, asks_consent=True)]
# Some posts, and some weeks, are left alone at random, and of others it is drawn who is asked.
DRAWN: dict[str, Any] = {
    "holdout_share": 0.2,
    "holdout_welcome": True,
    "switchback_share": 0.3,
    "explore_share": 0.3,
    "gather_days": 2,
    "gap_hours": 2,
    "digest_leaders": True,
    "digest_weekday": 1,
    "digest_most": 2,
    "let_go_halves": 2,
    "carried_weight": 0.5,
    "welcome_joined_hours": 1,
}
NIGHTS = WorkingHours(start=time(22), end=time(3), weekdays=(0, 2, 5))


# Bob stands in until the end of the third day.
BOB = Delegate(member="bob", last=(START + hours(48)).date())


class Watched:
    """A community in which every decision is checked when it is made, against what is known then."""

    def __init__(self, there: Sequence[Event] = THERE) -> None:
        self.garden = Garden(there, ask_members=True, weekly_asks_leader=1, sensitive_to="cat", **DRAWN)
        self.untold = there is UNTOLD
        self.contacted: dict[str, datetime] = {}
        self.grave: set[str] = set()
        self.nudges: list[NudgeIssued] = []
        self.ended: set[str] = set()
        self.log: list[Event] = []
        self.forgotten: dict[str, datetime] = {}
        self.replies: list[str] = []
        # Who said when whether they decline whom, or which post.
        self.wished: dict[tuple[str, str], tuple[datetime, bool]] = {}

    def step(self, event: Event) -> None:
        self.log.append(event)
        if isinstance(event, MemberForgotten):
            self.forgotten[event.member] = event.at
        # Up to the event, then the event: what is decided before it is checked against what is known before it.
        self._check(self.garden.until(event.at))
        self._wish(event)
        # Whatever was said of a post that is known is so for good.
        if isinstance(event, MessageEdited | ThreadFlagged) and self.garden.state.opportunity(event.message):
            self.grave |= {event.message} if getattr(event, "flagged", True) else set()
        if isinstance(event, MemberForgotten):
            self.contacted.pop(event.member, None)
        self._check(self.garden.step(event))

    def _wish(self, event: Event) -> None:
        match event:
            case MatchDeclined(member=member, other=about) | TopicDeclined(member=member, post=about):
                # What was said at the moment of forgetting is forgotten; declined and taken back at once is declined.
                known = any(self.forgotten.get(who) == event.at for who in (member, about))
                was = self.wished.get((member, about))
                if not known and (was is None or was <= (event.at, event.declined)):
                    self.wished[member, about] = (event.at, event.declined)
            case MemberLeft(member=gone):
                self.wished = {said: on for said, on in self.wished.items() if said[0] != gone}
            case MemberForgotten(member=gone):
                self.wished = {said: on for said, on in self.wished.items() if gone not in said}

    def _check(self, out: Sequence[Event]) -> None:
        for event in out:
            if isinstance(event, MemberContacted):
                self.contacted[event.member] = event.at
            elif isinstance(event, NudgeIssued):
                self._check_issued(event)
                self.nudges.append(event)
            elif isinstance(event, ENDS):
                assert event.nudge not in self.ended
                self.ended.add(event.nudge)
        self._check_open()

    def _check_issued(self, event: NudgeIssued) -> None:
        state, member = self.garden.state, self.garden.state.member(event.member)
        opportunity = state.opportunity(event.post)
        assert event.nudge not in {nudge.nudge for nudge in self.nudges}
        assert member is not None
        assert opportunity is not None
        lately = [n for n in self.nudges if n.member == event.member and event.at - n.at < WEEK]
        # Who was forgotten and came back is somebody new.
        lately = [n for n in lately if n.at >= self.forgotten.get(event.member, n.at)]
        # Without what is kept for the urgent, where it is not; and nobody comes beyond the cap, whatever they said.
        urgent = event.features["urgent"] == 1
        assert urgent == is_urgent(opportunity, event.at, self.garden.settings)
        assert len(lately) < usable_limit(member, self.garden.settings, urgent=urgent)
        assert len(lately) < self.garden.settings.weekly_asks_cap
        # What they let go by since was not known yet.
        known = self.garden.documents.get(ASKS, event.member) or Asks()
        let_go = [at for at in known.let_go if at < event.at]
        slowed = slowed_to(member, let_go, event.at, self.garden.settings) or hours(0)
        digest = None if event.features["handed_over"] else digest_of(member, self.garden.settings)
        if mode_of(manners_of(self.garden.documents), event.kind) is Mode.APPROVE:
            # Proposed in a digest, it came when it was approved; by then it may be one's own hour no more.
            digest = None
        pause = max(gap_of(member, self.garden.settings) if digest is None else hours(0), slowed)
        assert all(event.at - n.at >= pause for n in lately)
        zone = member.own_zone or member.zone
        if digest is not None:
            assert sum(event.at - n.at < hours(0.25) for n in lately) < self.garden.settings.digest_most
            assert is_time_of(digest, event.at, zone or "UTC") or member.digest is None
        if digest is None or member.digest is None:
            assert zone is None or open_by_the_wall(
                event.at, zone, member.hours or self.garden.settings.default_hours()
            )
        assert not member.left
        assert event.kind not in member.without
        assert member.paused_until is None or event.at >= member.paused_until
        assert not off_by_the_calendar(event.at, zone or "UTC", days_of(member.absences))
        assert not off_by_the_calendar(event.at, zone or "UTC", Calendar(state).of(member))
        assert event.channel is None or state.reads(event.member, event.channel)
        assert not self._is_unwanted(event.post, opportunity, event.member)
        assert opportunity.held is None
        assert event.post not in self.grave or event.member == "cat"
        week = state.documents.get(WEEKS, week_of(event.at)) or Week()
        # What operators approve goes in whatever week.
        if week.asking is False and mode_of(manners_of(state.documents), event.kind) is Mode.AUTOPILOT:
            assert event.features["handed_over"] or opportunity.sensitive
        assert member.consent is not False
        assert mode_of(manners_of(self.garden.documents), event.kind) is not Mode.DRY_RUN
        if self.untold and member.consent is None:
            assert role_of(member) is not Role.MEMBER
            assert event.at - self.contacted[event.member] >= hours(self.garden.settings.contact_hours)

    def _is_unwanted(self, key: str, opportunity: Opportunity, member: str) -> bool:
        """Say whether a member declines a post, or somebody in it is kept apart from another, by what was said so far.

        What is about people is also unwanted where one of them does not want to be suggested to anybody, or has left.
        """
        of_post = opportunity.subject is None
        people = [PEOPLE[int(key[1:]) % len(PEOPLE)]] if of_post else opportunity.concerned
        apart = [*permutations((member, *people), 2)]
        if any((wish := self.wished.get(pair)) is not None and wish[1] for pair in [(member, key), *apart]):
            return True
        known = [] if of_post else [self.garden.state.member(person) for person in people]
        suggested = opportunity.kind in (Kind.CONNECT, Kind.INTRODUCE)
        return (not of_post and member in people) or any(
            one is None or one.left or (suggested and Kind.CONNECT in one.without) for one in known
        )

    def _check_open(self) -> None:
        state = self.garden.state
        for key in (self.garden.documents.get(UNASKED, THE_COMMUNITY) or Unasked()).waiting:
            unasked = state.opportunity(key)
            # Nobody is at what operators see as unasked, and it is open.
            assert unasked is not None
            assert unasked.closed is None
            assert unasked.held is None
            assert not state.stands(unasked)
        for message, opportunity in self.garden.documents.table(OPPORTUNITIES).items():
            live = [nudge for _, nudge in state.nudges_of(opportunity) if nudge.state in LIVE]
            known = state.post(message)
            assert len(live) <= 1
            assert not live or opportunity.closed is None
            if opportunity.subject is None:
                assert not live or (known is not None and not known.answered)
            for nudge in live:
                member = state.member(nudge.member)
                assert member is not None
                assert not member.left
                assert member.consent is not False
                zone = member.own_zone or member.zone or "UTC"
                assert not off_by_the_calendar(self.garden.driven.clock or START, zone, days_of(member.absences))
                assert message not in self.grave or nudge.member == "cat"
                assert nudge.kind not in member.without
                # What was handed over to somebody without a role stays with them.
                no_role = role_of(member) is Role.MEMBER and nudge.score is not None
                assert not no_role or nudge.role is Role.MEMBER
                acted_by = state.member(nudge.answered_by or "")
                assert nudge.answered_by is None or nudge.answered_by == "bob"
                assert acted_by is None or nudge.member != "bob"
                assert not nudge.channel or state.reads(nudge.member, nudge.channel)
                assert not self._is_unwanted(message, opportunity, nudge.member)

    def play(self, step: tuple[Any, ...], at: datetime) -> Event:
        match step:
            case ("answer", n, what, who):
                nudge = self.nudges[n % len(self.nudges)].nudge if self.nudges else "none"
                owner = self.nudges[n % len(self.nudges)].member if self.nudges and n % 4 else who
                return answered(at, nudge, owner, what, to=who, by="bob" if n % 5 == 0 else None)
            case ("post", message, _, _):
                author = PEOPLE[int(message[1:]) % len(PEOPLE)]
                return post(at, message=message, author=author, channel="shed" if message < "p3" else "open")
            case ("reply", message, who, late):
                self.replies.append(f"r{at}{who}")
                return reply(at - hours(late), who, to=message, message=self.replies[-1])
            case ("remove", n):
                removed: Event = make(
                    MessageRemoved, at, message=self.replies[n % len(self.replies)] if self.replies else "r"
                )
                return removed
            case ("grave", message, "edit"):
                edited: Event = make(MessageEdited, at, message=message, text="I want to die")
                return edited
            case ("grave", message, flag):
                flagged: Event = make(ThreadFlagged, at, message=message, flagged=flag == "flag")
                return flagged
            case ("mode", name, mode):
                setting: Event = make(SettingsChanged, at, settings={name: mode})
                return setting
            case ("review", n, approved):
                found = sorted(self.garden.documents.table(PROPOSALS).items())
                nudge, who = (found[n % len(found)][0], found[n % len(found)][1].member) if found else ("none", "ann")
                word: Event = make(NudgeReviewed, at, nudge=nudge, member=who, approved=approved)
                return word
            case ("apart", who, other, declined):
                apart: Event = make(MatchDeclined, at, member=who, other=other, declined=declined)
                return apart
            case ("topic", who, message, declined):
                averse: Event = make(TopicDeclined, at, member=who, post=message, declined=declined)
                return averse
            case ("peers" | "pairs" | "queue" | "share" | "gather" | "cancel" | "attend" | "routine" | "holidays", *_):
                return about_no_post(step, at)
            case (_, who, what):
                kind, fields = told(who, what, at)
                event: Event = make(kind, at, **fields)
                return event
        raise AssertionError(step)


def about_no_post(step: tuple[Any, ...], at: datetime) -> Event:
    """Give what happens to people's lists, to content, gatherings and routines."""
    match step:
        case ("peers", who, others):
            peers = tuple(Match(member=one, score=0.5 - n / 10) for n, one in enumerate(others) if one != who)
            event: Event = make(PeersRanked, at, member=who, model="m1", peers=peers)
        case ("pairs", who, one, other):
            pairs = (Pair(one=one, other=other, score=0.6),) if len({who, one, other}) == 3 else ()
            event = make(IntroductionsRanked, at, member=who, model="m1", pairs=pairs)
        case ("queue", content, who):
            event = make(ContentQueued, at, content=content, title="A guide", by=who)
        case ("share", content, who):
            event = make(ContentShared, at, content=content, by=who, channel="open")
        case ("gather", name, who, ahead):
            channel = "shed" if name == "g1" else None
            when = {"starts": at + hours(ahead), "ends": at + hours(ahead + 1)}
            event = make(GatheringScheduled, at, gathering=name, title="Tea", host=who, channel=channel, **when)
        case ("cancel", name):
            event = make(GatheringChanged, at, gathering=name, cancelled=True)
        case ("attend", name, who):
            event = make(GatheringAttended, at, gathering=name, member=who)
        case ("holidays", value):
            event = make(SettingsChanged, at, settings={"holidays/here": value})
        case (_, value):
            event = make(SettingsChanged, at, settings={"routine/tips": value})
        case _:
            raise AssertionError(step)
    return event


def is_time_of(digest: Digest, at: datetime, zone: str) -> bool:
    """Look at a wall clock there: its time is now, or was within a round."""
    shown = [(at - timedelta(minutes=n)).astimezone(ZoneInfo(zone)) for n in range(15)]
    return any(local.weekday() in digest.weekdays and local.time().replace(second=0) == digest.at for local in shown)


def absent(at: datetime, first: int, last: int) -> Absence:
    """Give an absence that begins and ends so many days from now."""
    return Absence(first=at.date() + timedelta(days=first), last=at.date() + timedelta(days=last))


def told(who: str, what: str, at: datetime) -> tuple[type[Event], dict[str, Any]]:
    """Give what happens to a person, or to the private channel, in one word."""
    kinds: dict[str, tuple[type[Event], dict[str, Any]]] = {
        "few": (PreferencesChanged, {"member": who, "weekly_asks": 1}),
        "apart": (PreferencesChanged, {"member": who, "gap_hours": 10}),
        "none": (PreferencesChanged, {"member": who, "weekly_asks": 0}),
        "kinds": (PreferencesChanged, {"member": who, "without": (Kind.REPLY,)}),
        "all": (PreferencesChanged, {"member": who, "without": ()}),
        "zone": (PreferencesChanged, {"member": who, "zone": "Asia/Kolkata"}),
        "hours": (PreferencesChanged, {"member": who, "hours": NIGHTS}),
        "pause": (PreferencesChanged, {"member": who, "paused_until": at + hours(20)}),
        "away": (PreferencesChanged, {"member": who, "absences": (absent(at, 1, 3), absent(at, 6, 6))}),
        "back": (PreferencesChanged, {"member": who, "absences": ()}),
        "delegates": (
            PreferencesChanged,
            {"member": who, "delegates": (Delegate(member="bob", last=at.date()), Delegate(member="cat"))},
        ),
        "region": (PreferencesChanged, {"member": who, "region": "DE-BY"}),
        "digest": (PreferencesChanged, {"member": who, "digest": Digest(at=time(20, 30), weekdays=(0, 1, 2, 3))}),
        "one by one": (PreferencesChanged, {"member": who, "digest": Digest(at=time(9), weekdays=())}),
        "fine": (PreferencesChanged, {"member": who, "consent": True}),
        "not for me": (PreferencesChanged, {"member": who, "consent": False}),
        "left": (MemberLeft, {"member": who}),
        "joined": (MemberJoined, {"member": who}),
        "forgotten": (MemberForgotten, {"member": who}),
        "champion": (RolesChanged, {"member": who, "roles": (Role.CHAMPION,)}),
        "down": (RolesChanged, {"member": who, "roles": (Role.MEMBER,)}),
        "leader": (RolesChanged, {"member": who, "roles": (Role.LEADER,)}),
        "in": (ChannelChanged, {"channel": "shed", "joined": (who,)}),
        "out": (ChannelChanged, {"channel": "shed", "left": (who,)}),
        "private": (ChannelChanged, {"channel": "shed", "privacy": Privacy.PRIVATE}),
        "public": (ChannelChanged, {"channel": "shed", "privacy": Privacy.PUBLIC}),
    }
    return kinds[what]


def run(
    played: Sequence[tuple[Any, ...]], waits: Sequence[float], there: Sequence[Event] = THERE, after: float = 100
) -> Watched:
    watched, at = Watched(there), START
    published: dict[str, PostPublished] = {}
    for step, wait in zip(played, waits, strict=False):
        at += hours(wait)
        event = watched.play(step, at)
        if isinstance(event, PostPublished):
            event = published.setdefault(event.message, event)
            watched.step(event)
            watched.step(ranked(event, *step[2], first=step[3], at=at))
        else:
            watched.step(event)
    watched.step(tick(at + hours(after)))
    return watched


slow = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(steps, gaps)
def test_nobody_is_asked_beyond_what_they_allow(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Never over budget in any week, outside hours, after opting out, twice, or about what they cannot read."""
    run(played, waits)


@slow
@given(steps, gaps)
def test_nobody_is_asked_who_has_not_heard_of_it(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """Members only once they agreed, others a day after they were told, and nobody who said no; whatever the mode."""
    run(played, waits, UNTOLD)


@slow
@given(steps, gaps, st.sampled_from([0.2, 1.0, 7.0]))
def test_ticks_decide_nothing(played: list[tuple[Any, ...]], waits: list[float], density: float) -> None:
    """The same log gives the same decisions and the same state, however dense the ticks are."""
    watched = run(played, waits)
    log = [event for event in watched.log if event.at <= START + hours(24 * 30)]
    sparse, dense = replayed(log), replayed(with_ticks(log, hours(density)))
    assert sparse.emitted == dense.emitted
    assert dump(sparse.documents) == dump(dense.documents)


@slow
@given(steps, gaps)
def test_everything_twice_is_as_once(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """An event that is handled again changes nothing and decides nothing."""
    log = run(played, waits).log
    once, twice = replayed(log), replayed([event for event in log for _ in range(2)])
    assert once.emitted == twice.emitted
    assert dump(once.documents) == dump(twice.documents)


@slow
@given(steps, gaps)
def test_everything_again_is_as_once(played: list[tuple[Any, ...]], waits: list[float]) -> None:
    """A whole log that is read again, late, changes nothing and decides nothing."""
    # A reply or a report that came days before its post is remembered for as long as that post could open, and then
    # not; an edit that came before it is not shown.
    log = without_what_is_early(run(played, waits).log)
    once, again = replayed(log), replayed(log + log)
    assert once.emitted == again.emitted
    assert dump(once.documents) == dump(again.documents)


@slow
@given(steps, gaps, st.integers(1, 9))
def test_a_restart_changes_nothing(played: list[tuple[Any, ...]], waits: list[float], every: int) -> None:
    """State that was stored and loaded again decides as the state that stayed in memory."""
    log = run(played, waits).log
    stayed, restarted = replayed(log), replayed(log, restart_every=every)
    assert stayed.emitted == restarted.emitted
    assert dump(stayed.documents) == dump(restarted.documents)


def without_what_is_early(log: Sequence[Event]) -> list[Event]:
    published: set[str] = set()
    scheduled: set[str] = set()
    kept: list[Event] = []
    for event in log:
        if isinstance(event, PostPublished):
            published.add(event.message)
        if isinstance(event, GatheringScheduled):
            scheduled.add(event.gathering)
        about = event.post if isinstance(event, ReplyPublished) else getattr(event, "message", None)
        early = isinstance(event, ReplyPublished | MessageEdited | ThreadFlagged) and about not in published
        # Nor is a change of a gathering that came days before it was scheduled.
        early = early or (isinstance(event, GatheringChanged) and event.gathering not in scheduled)
        if not early:
            kept.append(event)
    return kept


def with_ticks(log: Sequence[Event], every: timedelta) -> list[Event]:
    events: list[Event] = []
    for before, event in pairwise(log):
        events.append(before)
        at = before.at + every
        while at < event.at:
            events.append(tick(at))
            at += every
    return [*events, *log[-1:]]


def replayed(log: Sequence[Event], restart_every: int = 0) -> Driven[NudgeCommunity]:
    garden = Garden(THERE, ask_members=True, weekly_asks_leader=1, sensitive_to="cat", **DRAWN)
    driven = garden.driven
    for n, event in enumerate(log):
        driven.step(event)
        if restart_every and n % restart_every == 0:
            reversed_order = dict(reversed(dump(driven.documents).items()))
            driven.documents = Documents(reversed_order)
            driven.state = NudgeCommunity(COMMUNITY, driven.documents, garden.settings)
    return driven


def test_the_laws_look_at_nudges() -> None:
    """Laws that never met a nudge would prove nothing."""
    played: list[tuple[Any, ...]] = [("post", f"p{n}", PEOPLE, n % 2 == 0) for n in range(6)]
    played += [("peers", "ann", PEOPLE), ("pairs", "bob", "cat", "plain"), ("queue", "c1", "cat")]
    played += [("gather", "g2", "bob", 60.0), ("routine", "thu 10 | open | Top Tip")]
    watched = run(played, [3.0] * 4 + [1.0] * 7)
    assert {nudge.kind for nudge in watched.nudges} >= set(Kind) - {Kind.GATHER}
    assert len(watched.nudges) > 5
    assert any(isinstance(event, NudgeEvent) for event in watched.garden.driven.emitted)
    assert len(TABLES) == 32
