"""Of two facts about the same thing one holds, in whatever order they come, in every service the same."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import CHANNELS, MEMBERS, READERS, reader_key
from services.recommend.readable import can_read
from shared.events import (
    ChannelChanged,
    ChannelClosed,
    ChannelOpened,
    CommunityClosed,
    CommunityOpened,
    Event,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    Privacy,
    Role,
    RolesChanged,
)
from shared.stamps import Stamp, overrides
from tests.nudging import Garden, dump
from tests.recommending import START, Place, made

HOUR = timedelta(hours=1)
stamps = st.builds(Stamp, st.integers(0, 2).map(lambda n: START + n * HOUR), st.sampled_from(["a", "b", "c"]))
WHO = st.sampled_from(["ann", "ben"])
WHERE = st.sampled_from(["shed", "hall"])


def happens(kind: type[Event], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Event]:
    return st.builds(lambda n, **more: made(kind, START + n * HOUR, **more), st.integers(0, 3), **fields)


def one_of(values: Sequence[object]) -> st.SearchStrategy[object]:
    return st.sampled_from(values)


FACTS = st.lists(
    st.one_of(
        happens(MemberJoined, member=WHO, bot=st.booleans()),
        happens(MemberLeft, member=WHO),
        happens(MemberUpdated, member=WHO, bot=st.booleans()),
        happens(RolesChanged, member=WHO, roles=one_of([(), (Role.CHAMPION,), (Role.LEADER,)])),
        happens(ChannelOpened, channel=WHERE, privacy=one_of(list(Privacy)), members=st.tuples(WHO)),
        happens(ChannelChanged, channel=WHERE, privacy=one_of([None, *Privacy]), joined=st.tuples(WHO)),
        happens(ChannelChanged, channel=WHERE, left=st.tuples(WHO)),
        happens(ChannelClosed, channel=WHERE),
        happens(CommunityOpened),
        happens(CommunityClosed),
    ),
    max_size=12,
)


def in_garden(events: Sequence[Event]) -> Garden:
    garden = Garden([made(CommunityOpened, START - HOUR, id="first")])
    garden.step(*events)
    return garden


def in_place(events: Sequence[Event]) -> Place:
    place = Place()
    place.see(*events)
    return place


@given(stamps, st.booleans(), stamps, st.booleans())
def test_of_two_facts_exactly_one_holds(a: Stamp, a_closes: bool, b: Stamp, b_closes: bool) -> None:
    """One overrides the other, never both, and a fact not itself; what shuts out wins its instant."""
    one = overrides(a, b, closes=a_closes, closed=b_closes)
    other = overrides(b, a, closes=b_closes, closed=a_closes)
    assert (one != other) is ((a, a_closes) != (b, b_closes))
    assert overrides(a, None)
    if a.at == b.at and a_closes and not b_closes:
        assert one


@settings(max_examples=80, deadline=None)
@given(FACTS, st.data())
def test_the_order_of_arrival_decides_nothing(events: list[Event], data: st.DataObject) -> None:
    """Facts about people and channels leave the same documents in whatever order they come."""
    shuffled = data.draw(st.permutations(events))
    one, other = in_garden(events), in_garden(shuffled)
    assert dump(one.documents) == dump(other.documents)
    assert in_place(events).stored == in_place(shuffled).stored


@settings(max_examples=80, deadline=None)
@given(FACTS)
def test_both_services_say_the_same_of_who_may_read(events: list[Event]) -> None:
    """What recommend shows somebody is what nudge would show them, as the documents say and as the index says."""
    garden, place = in_garden(events), in_place(events)
    documents, index = place.documents, place.state.index
    for who in ("ann", "ben"):
        for where in ("shed", "hall"):
            member, reader = documents.get(MEMBERS, who), documents.get(READERS, reader_key(where, who))
            readable = can_read(member, documents.get(CHANNELS, where), reader)
            assert garden.state.reads(who, where) is readable
            if member is not None and not member.bot:
                number = index.people.number(who)
                assert bool(index.may_read(where)[number]) is readable
                assert (index.reads(number, where) and member.here) is readable


def test_who_left_and_came_back_is_in_no_private_channel() -> None:
    """Somebody let go and taken on again reads what they are let into again, however late old news comes."""
    opened = made(ChannelOpened, channel="shed", members=("ann",))
    left = made(MemberLeft, START + HOUR, member="ann")
    back = made(MemberJoined, START + 2 * HOUR, member="ann")
    let_in = made(ChannelChanged, START + 3 * HOUR, channel="shed", joined=("ann",))
    for events in ([opened, left, back], [left, back, opened]):
        garden, place = in_garden(events), in_place(events)
        ann = place.state.index.people.number("ann")
        assert not garden.state.reads("ann", "shed")
        assert not place.state.index.may_read("shed")[ann]
        garden.step(let_in)
        place.see(let_in)
        assert garden.state.reads("ann", "shed")
        assert place.state.index.may_read("shed")[ann]
