"""Kinds of nudges: all of the same anatomy, and each one's life from what brings it to its outcome."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.nudge.documents import (
    OPPORTUNITIES,
    PROPOSALS,
    TALLIES,
    TIES,
    WEEKS,
    WORDINGS,
    Closing,
    NudgeState,
    WordingTally,
)
from services.nudge.kinds import ALL, KINDS
from services.nudge.learn_words import wording_key
from services.nudge.measure import Outcome, week_of
from services.nudge.settings import NudgeSettings
from services.nudge.words import LANGUAGES, About, Because, words_for
from shared.events import (
    CommunityClosed,
    CommunityOpened,
    ContentQueued,
    ContentShared,
    Event,
    Evidence,
    GatheringAttended,
    GatheringChanged,
    GatheringScheduled,
    IntroductionsRanked,
    Kind,
    Match,
    MatchDeclined,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    Mode,
    NudgeActed,
    NudgeExpired,
    NudgeIssued,
    NudgeWithdrawn,
    Pair,
    PeersRanked,
    PreferencesChanged,
    Reason,
    Role,
    SettingsChanged,
    Withdrawal,
    Wording,
)
from shared.failures import Invalid
from tests.nudging import START, Garden, dump, hours, make, people, post, ranked, reply, tick

DAY = timedelta(days=1)
SOON = START + hours(1)


def asks(events: Sequence[Event]) -> list[NudgeIssued]:
    return [event for event in events if isinstance(event, NudgeIssued)]


def asked_until(garden: Garden, at: datetime) -> list[NudgeIssued]:
    """Give all that were asked up to a time."""
    garden.until(at)
    return asks(garden.driven.emitted)


def peers(member: str, *others: str, **fields: Any) -> PeersRanked:
    ranked = tuple(Match(member=other, score=0.4, **fields) for other in others)
    event: PeersRanked = make(PeersRanked, START, member=member, model="m1", peers=ranked)
    return event


def pairs(member: str, one: str, other: str, at: timedelta = timedelta()) -> IntroductionsRanked:
    pair = Pair(one=one, other=other, score=0.6)
    event: IntroductionsRanked = make(IntroductionsRanked, START + at, member=member, model="m1", pairs=(pair,))
    return event


def gathering(ahead: timedelta, name: str = "g", host: str = "ann", channel: str | None = None) -> GatheringScheduled:
    event: GatheringScheduled = make(
        GatheringScheduled,
        START,
        gathering=name,
        title="Tea",
        starts=START + ahead,
        ends=START + ahead + hours(1),
        host=host,
        channel=channel,
    )
    return event


def queued(content: str = "c", by: str = "ann") -> ContentQueued:
    event: ContentQueued = make(ContentQueued, START, content=content, title="A guide", by=by)
    return event


def outcomes(garden: Garden, *weeks: int) -> dict[str, tuple[int, float]]:
    found = [garden.documents.get(WEEKS, week_of(START + timedelta(weeks=week))) for week in weeks or (0,)]
    return {name: total for week in found if week for name, total in week.apart.outcomes.items()}


# The anatomy


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_the_anatomy(kind: Kind) -> None:
    """A kind that nothing opens, that is worth nothing said, or whose outcome nobody sees, is none."""
    anatomy, settings = KINDS[kind], NudgeSettings()
    assert anatomy.kind is kind
    assert 0 <= anatomy.worth(settings) <= 10
    assert anatomy.stands(settings) > timedelta()
    assert anatomy.ranked is not None or anatomy.opens or anatomy.planned is not None
    assert anatomy.ranked is not None or anatomy.acts
    waits = anatomy.patience_hours is not None, anatomy.wait_hours is not None
    assert waits == (anatomy.ranked is not None,) * 2
    assert len(ALL) == len(KINDS) == len(Kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("about", [About(author="Cat"), About(title="Tea"), About(author="Cat", channel="Open")])
def test_every_kind_has_words_for_what_it_may_lack(language: str, kind: Kind, about: About) -> None:
    """What has no channel or no title is asked in a whole sentence, with no empty quotes in it."""
    words = words_for(language, "en")
    for wording in Wording:
        asked = words.ask(kind, wording, about, Because((), Role.CHAMPION))
        needs_title = kind in (Kind.SHARE, Kind.ROUTINE, Kind.ATTEND)
        assert asked.what
        assert needs_title or not any(quotes in asked.what for quotes in ("“”", "„“"))
        assert kind is Kind.ROUTINE or kind is Kind.REPLY or not asked.what.rstrip(".?").endswith(" in")


def test_a_kind_that_is_off_asks_nobody() -> None:
    """Worth nothing, a kind opens nothing."""
    garden = Garden(connect_worth=0, share_worth=0, introduce_worth=0)
    out = garden.step(peers("ann", "bob"), pairs("ann", "bob", "cat"), queued())
    assert asks(out) + asked_until(garden, SOON) == []


# connect


def test_a_peer_is_suggested_and_the_first_exchange_is_its_outcome() -> None:
    """Ann hears of Bob; that Bob answers Ann counts as much as that Ann answers Bob, and lasting is counted too."""
    garden = Garden()
    garden.step(peers("ann", "bob", "cat"))
    [asked] = asked_until(garden, SOON)
    assert (asked.kind, asked.member, asked.people, asked.channel) == (Kind.CONNECT, "ann", ("bob",), None)
    garden.step(post(SOON, message="q", author="ann"))
    [acted] = [one for one in garden.step(reply(SOON + hours(1), "bob", to="q")) if isinstance(one, NudgeActed)]
    assert (acted.nudge, acted.member, acted.message) == (asked.nudge, "ann", "r")
    for n in range(2):
        garden.step(reply(SOON + hours(2 + n), "bob", to="q", message=f"more{n}"))
    assert len(garden.documents.table(TIES)) == 1
    garden.until(SOON + 29 * DAY)
    assert garden.documents.table(TIES) == {}
    assert outcomes(garden) == {Outcome.MET: (1, 1.0), Outcome.LASTED: (1, 1.0)}


def test_a_suggestion_that_came_to_nothing_is_counted() -> None:
    """Who was asked and did not meet them counts as such, once the ask has stood its week."""
    garden = Garden()
    garden.step(peers("ann", "bob"))
    garden.until(SOON)
    out = garden.until(START + 8 * DAY)
    assert [type(event) for event in out] == [NudgeExpired]
    assert outcomes(garden) == {Outcome.MET: (1, 0.0)}


def test_plain_members_are_told_of_peers_where_members_are_asked() -> None:
    """Without a role nobody is asked, unless the community asks all members."""
    for ask_members, expected in ((False, []), (True, ["plain"])):
        garden = Garden(ask_members=ask_members)
        garden.step(peers("plain", "ann"))
        assert [one.member for one in asked_until(garden, SOON)] == expected


def test_evidence_of_a_peer_rests_on_what_may_be_read() -> None:
    """Nothing from a channel that Bob cannot read is given to him as a reason to meet Ann."""
    private = Evidence(reason=Reason.SHARED_THREADS, count=1, posts=("x",), channels=("shed",))
    public = Evidence(reason=Reason.ASKED_SIMILAR, count=1, posts=("y",), channels=("open",))
    garden = Garden()
    garden.step(peers("bob", "ann", evidence=(private, public)))
    [asked] = asked_until(garden, SOON)
    assert asked.evidence == (public,)


# introduce


def test_a_champion_introduces_two_and_only_one_is_asked() -> None:
    """Two champions know both; one is asked, and the exchange of the two is the outcome."""
    garden = Garden()
    garden.step(pairs("ann", "cat", "plain"), pairs("bob", "plain", "cat"))
    [asked] = asked_until(garden, SOON)
    assert (asked.kind, asked.people) == (Kind.INTRODUCE, ("cat", "plain"))
    garden.step(post(SOON, message="q", author="plain"))
    [acted] = [one for one in garden.step(reply(SOON + hours(1), "cat", to="q")) if isinstance(one, NudgeActed)]
    assert acted.member == asked.member


def test_people_who_met_by_themselves_are_not_introduced() -> None:
    """An exchange before anybody was asked leaves nothing to do."""
    garden = Garden()
    garden.step(pairs("ann", "cat", "plain", hours(0.1)), post(START + hours(0.1), message="q", author="plain"))
    garden.step(reply(START + hours(0.2), "cat", to="q"))
    assert asked_until(garden, SOON) == []


@pytest.mark.parametrize(
    "said",
    [
        make(PreferencesChanged, SOON, member="cat", without=(Kind.CONNECT,)),
        make(MatchDeclined, SOON, member="cat", other="plain"),
        make(MatchDeclined, SOON, member="plain", other="ann"),
        make(MemberLeft, SOON, member="cat"),
        make(MemberForgotten, SOON, member="cat"),
        make(CommunityClosed, SOON),
    ],
    ids=lambda event: f"{type(event).__name__}-{getattr(event, 'member', '')}",
)
def test_an_introduction_is_taken_back(said: Event) -> None:
    """Who does not want to be suggested, is kept apart, left, or was forgotten, is introduced to nobody any more."""
    garden = Garden()
    garden.step(pairs("ann", "cat", "plain"))
    [asked] = asked_until(garden, SOON)
    out = garden.step(said)
    assert [one.nudge for one in out if isinstance(one, NudgeWithdrawn)] == [asked.nudge]
    assert asks(out) == []


def test_nothing_of_a_forgotten_person_is_left_in_what_was_about_them() -> None:
    """Neither in opportunities nor in nudges, ties, gatherings or the log of decisions."""
    garden = Garden()
    garden.step(pairs("ann", "cat", "plain"), peers("ann", "cat"), peers("cat", "dan"), gathering(2 * DAY, host="cat"))
    garden.step(queued(by="cat"))
    garden.until(START + DAY)
    garden.step(post(START + DAY, message="q", author="ann"), reply(START + DAY + hours(1), "cat", to="q"))
    garden.step(make(MemberForgotten, START + DAY + hours(2), member="cat"))
    stored = dump(garden.documents)
    assert not [key for key, body in stored.items() if b'"cat"' in body or "cat" in key.split("/")[-1:]]


# share


def test_queued_content_is_shared_by_who_queued_it() -> None:
    """Whoever queued it is asked first; that they shared it is the outcome."""
    garden = Garden()
    garden.step(queued())
    [asked] = asked_until(garden, SOON)
    assert (asked.kind, asked.member, asked.content) == (Kind.SHARE, "ann", "c")
    shared = make(ContentShared, SOON + hours(1), content="c", by="ann", channel="open", message="m")
    assert [type(one) for one in garden.step(shared)] == [NudgeActed]


def test_content_that_another_shared_is_over() -> None:
    """The ask is taken back, and does not say that somebody answered."""
    garden = Garden()
    garden.step(queued())
    garden.until(SOON)
    [gone] = garden.step(make(ContentShared, SOON, content="c", by="bob", channel="open"))
    assert isinstance(gone, NudgeWithdrawn)
    assert gone.reason is Withdrawal.TAKEN_BACK


# routine


def test_a_routine_is_run_by_one_champion_on_its_day() -> None:
    """Asked the day before, done by a post in the channel on the day: not on another day, nor elsewhere."""
    garden = Garden()
    garden.step(make(SettingsChanged, START, settings={"routine/tips": "wed 10 | open | Top Tip"}))
    day_before = START.replace(hour=0) + DAY
    assert asked_until(garden, day_before - hours(0.1)) == []
    [asked] = asked_until(garden, day_before + hours(1))
    assert (asked.kind, asked.channel) == (Kind.ROUTINE, "open")
    early = post(day_before + hours(3), message="early", author=asked.member)
    elsewhere = post(day_before + DAY + hours(1), message="elsewhere", author=asked.member, channel="shed")
    assert garden.step(early) == []
    out = garden.step(tick(day_before + hours(11)), elsewhere)
    assert not [one for one in out if isinstance(one, NudgeActed)]


def test_a_post_on_the_day_is_the_outcome_of_a_routine() -> None:
    """Whoever was asked and posts in the channel on the day has run it."""
    garden = Garden()
    garden.step(make(SettingsChanged, START, settings={"routine/tips": "wed 0 | open | Top Tip"}))
    garden.until(START.replace(hour=0) + DAY + hours(13))
    day = START.replace(hour=0) + 2 * DAY
    [member] = live_members(garden)
    [acted] = [one for one in garden.step(post(day, message="tip", author=member)) if isinstance(one, NudgeActed)]
    assert (acted.kind, acted.message) == (Kind.ROUTINE, "tip")


def test_a_routine_that_cannot_be_read_is_refused() -> None:
    """A wrong setting goes where operators see it, and changes nothing."""
    garden = Garden()
    before = dump(garden.documents)
    with pytest.raises(Invalid, match="weekday"):
        garden.step(make(SettingsChanged, START, settings={"routine/tips": "someday | open | Top Tip"}))
    assert dump(garden.documents) == before


# gather and attend


def test_somebody_is_asked_to_host_where_nothing_is_planned() -> None:
    """Once a week at most; that they schedule a gathering is the outcome."""
    garden = Garden(gather_days=7)
    garden.step(make(SettingsChanged, START, settings={}))
    [asked] = asked_until(garden, START + DAY)
    assert asked.kind is Kind.GATHER
    hosted = gathering(5 * DAY, host=asked.member).model_copy(update={"at": START + DAY})
    assert [type(one) for one in garden.step(hosted)] == [NudgeActed]
    assert len([one for one in asked_until(garden, START + 3 * DAY) if one.kind is Kind.GATHER]) == 1


def test_those_whom_a_gathering_fits_are_asked_to_attend() -> None:
    """Not its host; each for themselves, and that they came is the outcome."""
    garden = Garden(attend_people=2)
    garden.step(gathering(3 * DAY))
    asked = asked_until(garden, START + 1.5 * DAY)
    assert {one.kind for one in asked} == {Kind.ATTEND}
    assert len({one.member for one in asked} - {"ann"}) == 2
    came = make(GatheringAttended, START + 3 * DAY - hours(0.1), gathering="g", member=asked[0].member)
    [acted] = garden.step(came)
    assert isinstance(acted, NudgeActed)
    assert (acted.member, acted.message) == (asked[0].member, None)
    assert [type(one) for one in garden.until(START + 3 * DAY)] == [NudgeExpired]


def test_nobody_is_asked_to_a_gathering_in_a_channel_that_they_cannot_read() -> None:
    """Of a gathering in the shed only those in the shed hear."""
    garden = Garden()
    garden.step(gathering(2 * DAY, host="bob", channel="shed"))
    assert {one.member for one in asked_until(garden, START + 2 * DAY)} == {"ann"}


@pytest.mark.parametrize("change", [{"cancelled": True}, {"starts": START + 9 * DAY, "ends": START + 9.1 * DAY}])
def test_a_gathering_that_is_off_or_moved_is_taken_back(change: dict[str, Any]) -> None:
    """What people were told is no longer so."""
    garden = Garden(attend_people=2)
    garden.step(gathering(3 * DAY))
    garden.until(START + 1.5 * DAY)
    out = garden.step(make(GatheringChanged, START + 1.6 * DAY, gathering="g", **change))
    assert [type(one) for one in out] == [NudgeWithdrawn] * 2


# welcome


def test_who_joined_and_wrote_nothing_is_welcomed() -> None:
    """After some hours a champion is asked; a message that names them is the outcome."""
    garden = Garden(welcome_joined_hours=5)
    garden.until(START)
    garden.step(make(MemberJoined, START, member="new", name="New"))
    assert [one for one in asked_until(garden, START + hours(4.9)) if one.people == ("new",)] == []
    found = [one for one in asked_until(garden, START + hours(6)) if one.people == ("new",)]
    assert [one.kind for one in found] == [Kind.WELCOME]
    hello = post(START + hours(7), message="hello", author=found[0].member, mentions=("new",))
    assert found[0].nudge in {one.nudge for one in garden.step(hello) if isinstance(one, NudgeActed)}


def test_who_writes_before_is_welcomed_for_their_post() -> None:
    """Nobody is asked to welcome somebody who has written nothing once they have."""
    garden = Garden(welcome_joined_hours=5)
    garden.until(START)
    garden.step(make(MemberJoined, START, member="new"), post(START + hours(1), author="new"))
    assert [one for one in asked_until(garden, START + hours(9)) if one.people == ("new",)] == []


# All together


def test_state_from_before_other_kinds_is_read() -> None:
    """What was stored when all was about posts loads, and is about a post."""
    garden = Garden()
    asked = post(START)
    garden.step(asked, ranked(asked, "ann"))
    now = garden.state.opportunity("p")
    assert now is not None
    stored = json.loads(OPPORTUNITIES.dump(now))
    del stored["subject"]
    before = OPPORTUNITIES.load(json.dumps(stored).encode())
    assert before == now
    assert before.concerned == ("asker",)


def test_all_kinds_share_one_budget() -> None:
    """Whatever is open, nobody is asked more than their week allows."""
    garden = Garden(weekly_asks_champion=2)
    garden.step(peers("ann", "bob"), queued(), gathering(3 * DAY, host="dan"), pairs("ann", "cat", "plain"))
    out = asked_until(garden, START + 3 * DAY)
    assert len([one for one in out if one.member == "ann"]) == 2


def test_an_answer_to_a_post_goes_before_what_is_worth_less() -> None:
    """In one round a person is given what is worth most over all kinds."""
    garden = Garden(reply_wait_hours=1)
    asked = post(START - hours(1))
    shortly = START + hours(0.1)
    garden.step(asked, peers("ann", "bob").model_copy(update={"at": shortly}), ranked(asked, "ann", at=shortly))
    [first, *_] = asked_until(garden, SOON)
    assert (first.kind, first.member) == (Kind.REPLY, "ann")


def test_the_same_peer_is_suggested_once() -> None:
    """A later list names Bob again: Ann hears of Cat instead."""
    garden = Garden()
    garden.step(peers("ann", "bob", "cat"))
    garden.until(SOON)
    garden.step(peers("ann", "bob", "cat").model_copy(update={"at": START + 8 * DAY}))
    assert [one.people for one in asked_until(garden, START + 9 * DAY)] == [("bob",), ("cat",)]


def live_members(garden: Garden) -> list[str]:
    state = garden.state
    open_now = [state.opportunity(key) for key in state.open_posts()]
    return [nudge.member for one in open_now if one for _, nudge in state.live_nudges(one)]


def test_closing_words_are_known() -> None:
    """What is over and what was acted on are states of their own."""
    garden = Garden()
    garden.step(queued())
    [asked] = asked_until(garden, SOON)
    garden.step(make(ContentShared, SOON, content="c", by="ann", channel="open"))
    nudge, opportunity = garden.state.nudge(asked.nudge), garden.state.opportunity(asked.post)
    assert nudge is not None
    assert opportunity is not None
    assert (nudge.state, opportunity.closing) == (NudgeState.ACTED, Closing.OVER)
    assert opportunity.candidates == ()


# What all kinds share


def test_a_proposal_stands_as_long_as_an_ask_of_its_kind() -> None:
    """Whoever approves has the week in which an ask to meet somebody would stand, not the day of a reply."""
    opening = make(CommunityOpened, START - hours(1), name="Garden", mode=Mode.APPROVE, asks_consent=False)
    garden = Garden([*people(START - hours(1)), opening])
    garden.step(peers("ann", "bob"))
    garden.until(SOON)
    [proposal] = garden.documents.table(PROPOSALS).values()
    assert proposal.lapses - proposal.made == KINDS[Kind.CONNECT].stands(garden.settings) == 7 * DAY


def test_words_learn_from_what_is_acted_on_in_every_kind() -> None:
    """That two people met counts for the words in which it was asked, as a reply does; and teaches no reply ratio."""
    garden = Garden()
    garden.step(peers("ann", "bob"))
    [asked] = asked_until(garden, SOON)
    garden.step(post(SOON, message="q", author="ann"), reply(SOON + hours(1), "bob", to="q"))
    assert garden.documents.get(WORDINGS, wording_key(Kind.CONNECT, asked.wording)) == WordingTally(acted=1)
    assert garden.documents.table(TALLIES) == {}
