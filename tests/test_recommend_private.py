"""What is private leaves no trace in what others are told: not in names, scores, counts, order or times."""

from datetime import timedelta
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from services.recommend.documents import PEERS, POSTS
from shared.events import ChannelChanged, Event, MatchesRanked, PeersRanked, PostPublished, Privacy, Role, RolesChanged
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, names, post, reply, settings
from tests.test_recommend_api import Doors, members

LATER = START + 60 * DAY
PEOPLE = ["ann", "ben", "cas", "dan"]
TEXTS = ["segment the volume", "volume rendering is slow", "install on linux", "secret budget"]
SHORT = settings(matches=2, posts=1, peers=1, similar_posts=2, evidence_posts=1, peers_every_days=3)


class Step(NamedTuple):
    """Somebody writes: a post, or a reply to the `to`-th post of the channel where there is one."""

    who: str
    private: bool
    text: str
    to: int | None


STEPS = st.lists(
    st.builds(
        Step, st.sampled_from(PEOPLE), st.booleans(), st.sampled_from(TEXTS), st.one_of(st.none(), st.integers(0, 9))
    ),
    max_size=14,
)


def written(steps: list[Step]) -> list[list[Event]]:
    """Give the event of each step, and before it one that moves the clock."""
    posted: dict[str, list[str]] = {"board": [], "general": []}
    events: list[list[Event]] = []
    for number, step in enumerate(steps):
        at, where = START + timedelta(days=2 * number), "board" if step.private else "general"
        events.append([joined("zoe", at, id=f"tick{number}")])
        if step.to is not None and posted[where]:
            to = posted[where][step.to % len(posted[where])]
            events[-1].append(reply(f"r{number}", to, step.who, at, channel=where, id=f"r{number}"))
        else:
            posted[where].append(f"p{number}")
            events[-1].append(post(f"p{number}", step.who, step.text, at, channel=where, id=f"p{number}"))
    return events


def opened(privacy: Privacy) -> Place:
    place = Place(SHORT)
    place.see(
        *(joined(name, id=f"join-{name}") for name in [*PEOPLE, "eve"]),
        made(RolesChanged, START - DAY, id="role", member="ann", roles=(Role.CHAMPION,)),
        channel(),
        channel("board", privacy, PEOPLE),
    )
    return place


def told(place: Place, viewer: str) -> dict[str, Any]:
    """Give all that the doors say to a viewer of public posts and of everybody."""
    public = sorted(name for name, one in place.documents.table(POSTS).items() if one.channel == "general")
    paths = [f"posts/{name}/responders" for name in public]
    paths += [f"members/{member}/{what}" for member in PEOPLE for what in ("posts", "peers")]
    doors = Doors(place)
    return {path: doors.ask(path, viewer=viewer) for path in paths}


def probes() -> list[PostPublished]:
    """Posts that ask everything of the index."""
    return [
        post(f"q{i}", who, text, LATER + i * HOUR, id=f"q{i}", mentions=("ben",) if i else ())
        for i, (who, text) in enumerate([("eve", "volume"), ("ann", "budget on linux"), ("dan", "rendering")])
    ]


def for_outsiders(out: list[Event]) -> list[Event]:
    """Leave out what insiders alone are told: their peers rest on all that they can read."""
    return [event for event in out if not (isinstance(event, PeersRanked) and event.member in PEOPLE)]


@tried(max_examples=30, deadline=None)
@given(STEPS)
def test_whoever_is_outside_is_told_the_same_whether_private_activity_exists_or_not(steps: list[Step]) -> None:
    """Rankings, scores, reasons, lists and peers say nothing of what was written where the viewer cannot read."""
    whole, public = opened(Privacy.PRIVATE), opened(Privacy.PRIVATE)
    for step, (tick, event) in zip(steps, written(steps), strict=True):
        whole.see(tick, event)
        public.see(tick, *([] if step.private else [event]))
    assert for_outsiders(whole.see(*probes())) == for_outsiders(public.see(*probes()))
    assert told(whole, "eve") == told(public, "eve")


@tried(max_examples=15, deadline=None)
@given(STEPS)
def test_what_a_channel_counts_for_moves_with_its_privacy(steps: list[Step]) -> None:
    """A channel that is public from now on counts as if it had always been, one that is private as if always."""
    for first, then in ((Privacy.PRIVATE, Privacy.PUBLIC), (Privacy.PUBLIC, Privacy.PRIVATE)):
        moved, always = opened(first), opened(then)
        for events in written(steps):
            moved.see(*events)
            always.see(*events)
        moved.see(made(ChannelChanged, LATER, id="move", channel="board", privacy=then, joined=tuple(PEOPLE)))
        always.see(made(ChannelChanged, LATER, id="move", channel="board", joined=tuple(PEOPLE)))
        for probe in [*probes(), post("b1", "eve", "secret volume", LATER, id="b1", channel="board")]:
            assert moved.see(probe) == always.see(probe)


def test_what_somebody_answered_in_a_private_channel_counts_there_and_only_there() -> None:
    """What is written in a private channel makes nobody a candidate elsewhere; there it counts beside the public."""
    place = Place()
    place.see(channel(), channel("board", Privacy.PRIVATE, ["ann", "ben", "cas"]))
    place.see(post("b1", "ann", "the budget", channel="board"), reply("r1", "b1", "ben", channel="board"))
    assert place.ranked(post("q1", "eve", "the budget")) is None
    place.see(post("p1", "ann", "the budget"), reply("r2", "p1", "cas"))
    assert names(place.ranked(post("q2", "eve", "the budget"))) == ["cas", "ann"]
    inside = place.ranked(post("q3", "ann", "the budget", channel="board"))
    assert sorted(names(inside)) == ["ben", "cas"]


def test_a_first_post_is_one_that_its_readers_see_first() -> None:
    """Who wrote only where others cannot read is new to them, and that they wrote elsewhere is not told."""
    place = Place()
    place.see(channel(), channel("board", Privacy.PRIVATE, ["ann", "ben"]), joined("zoe"))
    place.see(made(RolesChanged, member="zoe", roles=(Role.CHAMPION,)), post("b1", "ann", channel="board"))
    for first in (True, False):
        ranked = place.ranked(post(f"q{first}", "ann"))
        assert isinstance(ranked, MatchesRanked)
        assert ranked.first_post is first


def test_somebody_elses_peers_are_shown_with_public_reasons_or_not_at_all() -> None:
    """A peer through a private channel is not named to others; who is named has reasons and no score."""
    place = Place()
    place.see(channel(), channel("board", Privacy.PRIVATE, ["ann", "ben"]), joined("dan"))
    place.see(post("p1", "cas", "volume rendering"), reply("r0", "p1", "ann"))
    place.see(post("b1", "ben", "the budget", START + 8 * DAY, channel="board"))
    place.see(reply("r1", "b1", "ann", START + 8 * DAY, channel="board"))
    doors, known = Doors(place), place.documents.get(PEERS, "ann")
    assert known is not None
    assert {peer.member for peer in known.peers} == {"ben", "cas"}
    mine = doors.ask("members/ann/peers", viewer="ann")
    assert set(members(mine, "peers")) == {"ben", "cas"}
    assert all(peer["score"] > 0 for peer in mine["peers"])
    theirs = doors.ask("members/ann/peers", viewer="dan")
    assert members(theirs, "peers") == ["cas"]
    assert all(peer["evidence"] and "score" not in peer for peer in theirs["peers"])
    place.see(made(ChannelChanged, LATER, channel="general", privacy=Privacy.PRIVATE))
    assert doors.ask("members/ann/peers", viewer="dan")["peers"] == []
