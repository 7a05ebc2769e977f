import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.archive import Archive, Found, Rejected, title_of
from services.ingest.champions import ChampionRule, champions
from services.ingest.lines import LINE_BYTES
from services.ingest.mapping import ArchiveMap, read_map
from services.ingest.naming import derived_id
from shared.events import (
    ChannelChanged,
    ChannelOpened,
    Event,
    MemberJoined,
    PostPublished,
    Privacy,
    ReplyPublished,
    Role,
    RolesChanged,
)
from shared.failures import UnsafeSettings
from shared.limits import ID_BYTES, TEXT_BYTES
from tests.ingesting import COMMUNITY, NOW

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
CHAMPION = (Role.MEMBER, Role.CHAMPION)


def line(**changes: Any) -> dict[str, Any]:
    message = {
        "id": "S1",
        "channel": "forum",
        "topic": "t00001: How to prune",
        "author": "m1",
        "at": "2025-01-01T12:00:00Z",
        "text": "Where do I cut?",
        "reply_to": None,
    }
    return message | changes


def read(lines: Iterable[Any], archive: Archive | None = None) -> list[Found | Rejected]:
    raw = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in lines]
    return list((archive or Archive(COMMUNITY, rule=ChampionRule.NONE)).read(enumerate(raw, 1)))


def events(lines: Iterable[Any], archive: Archive | None = None) -> list[Event]:
    found = read(lines, archive)
    assert not [item for item in found if isinstance(item, Rejected)]
    return [item.event for item in found if isinstance(item, Found)]


def of(kind: type[Any], found: Iterable[Event]) -> list[Any]:
    return [event for event in found if isinstance(event, kind)]


# What a message becomes


def test_a_first_message_brings_its_surroundings() -> None:
    """A channel, a member and the right to read come before the message that shows them; unknown is private."""
    channel, member, reader, post = events([line()])
    named: dict[str, Any] = {"source": "import", "at": START, "community": COMMUNITY}
    assert channel == ChannelOpened(**named, id="channel/forum/opened", channel="forum", name="forum")
    assert channel.privacy is Privacy.PRIVATE
    assert member == MemberJoined(**named, id="member/m1/joined", member="m1")
    assert reader == ChannelChanged(**named, id="channel/forum/joined/m1", channel="forum", joined=("m1",))
    assert post == PostPublished(
        **named, id="post/S1", message="S1", channel="forum", author="m1", text="Where do I cut?", title="How to prune"
    )


def test_what_is_known_is_not_said_again() -> None:
    """Members, channels and readers appear once each."""
    found = events([line(), line(id="S2", reply_to="S1"), line(id="S3", channel="other", author="bot001")])
    assert [type(event).__name__ for event in found[4:]] == [
        "ReplyPublished", "ChannelOpened", "MemberJoined", "ChannelChanged", "PostPublished",
    ]  # fmt: skip
    assert isinstance(found[4], ReplyPublished)
    assert found[4].post == "S1"
    assert [member.bot for member in of(MemberJoined, found)] == [False, True]


@pytest.mark.parametrize(("member", "bot"), [("bot001", True), ("bot", False), ("botanist", False), ("robot1", False)])
def test_only_a_numbered_bot_is_one(member: str, bot: bool) -> None:
    """A person whose name happens to begin with bot is asked like anybody."""
    (joined,) = of(MemberJoined, events([line(author=member)]))
    assert joined.bot is bot


@pytest.mark.parametrize(
    ("topic", "title"),
    [
        ("t00001: How to: prune", "How to: prune"),
        ("t00001", ""),
        ("t00001: ", ""),
        ("", ""),
        ("Pruning: how?", "Pruning: how?"),
        ("t12 pruning", "t12 pruning"),
        ("tx: y", "tx: y"),
    ],
)
def test_a_title_is_a_topic_without_its_id(topic: str, title: str) -> None:
    assert title_of(topic) == title


def test_mentions_are_of_known_others() -> None:
    """An @ names a member who was seen before, once; addresses, strangers and oneself are no mentions."""
    text = "@m2, @m2 and (@m3.1). mail me@m2.org @stranger @m1 @@m2"
    found = events([line(id="a", author="m2"), line(id="b", author="m3.1"), line(id="c", text=text)])
    assert of(PostPublished, found)[-1].mentions == ("m2", "m3.1")


def test_ids_come_from_source_and_native_id() -> None:
    """An import under the source of a webhook gives the webhook's events; a long or odd id keeps its own name."""
    (post,) = of(PostPublished, events([line()], Archive(COMMUNITY, "discourse/forum", rule=ChampionRule.NONE)))
    assert (post.source, post.id) == ("discourse/forum", "post/S1")
    assert derived_id("channel", "a/joined", "b") != derived_id("channel", "a", "joined/b")
    long = {derived_id("channel", "é" * 100, "joined", f"{n}" * 100) for n in range(3)}
    assert len(long) == 3
    assert all(len(name.encode()) <= ID_BYTES for name in long)


# Wrong lines


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"nonsense", "line: Invalid JSON"),
        (b"[]", "line: must be an object"),
        (b"\xff", "line: Invalid JSON"),
        ({"id": "S1"}, "channel: is missing; author: is missing"),
        (line(id=7), "id: must be text"),
        (line(author=""), "author: "),
        (line(at="yesterday"), "at: "),
        (line(at="2025-01-01T12:00:00"), "at: must be a time with offset"),
        (line(at="2031-01-01T00:00:00Z"), "at: lies ahead"),
        (line(at="0001-01-01T00:00:00+14:00"), "at: lies before 1970"),
        (line(text=None), "text: must be text"),
        (line(text="x" * (TEXT_BYTES + 1)), "text: "),
        (line(author="half a pair \ud83d"), "author: id has control characters"),
        (line(at="2025-W01-1T12:00:00Z"), "at: must be a time with offset in RFC 3339"),
        (line(reply_to="S1"), "reply_to: a message cannot reply to itself"),
        (b"x" * LINE_BYTES, "the line is longer than"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_go_on(wrong: Any, reason: str) -> None:
    """A bad line costs itself: it comes back with its number and why, and the stream goes on."""
    raw = wrong if isinstance(wrong, bytes) else json.dumps(wrong).encode()
    found = read([line(id="before"), raw, b"  \n", line(id="after")], Archive(COMMUNITY, now=NOW))
    (rejected,) = [item for item in found if isinstance(item, Rejected)]
    assert (rejected.line_number, rejected.line) == (2, raw)
    assert rejected.reason.startswith(reason)
    posts = [item for item in found if isinstance(item, Found) and isinstance(item.event, PostPublished)]
    assert [(item.line_number, item.event.id) for item in posts] == [(1, "post/before"), (4, "post/after")]


def test_half_a_character_costs_itself_and_not_its_line() -> None:
    """An export that cut a text in the middle of an emoji is imported, whole pairs as they are."""
    raw = json.dumps(line(text="cut \ud83d", topic="whole \U0001f331")).encode()
    (post,) = of(PostPublished, events([raw]))
    assert (post.text, post.title) == ("cut ", "whole 🌱")


def test_empty_texts_and_other_fields_are_fine() -> None:
    """Pictures have no text, and exports have more fields than we know."""
    (post,) = of(PostPublished, events([line(text="", likes=3)]))
    assert post.text == ""


# What an operator knows besides


def test_a_mapping_says_what_the_archive_does_not(tmp_path: Path) -> None:
    """Roles, zones, names and privacy stand before the first message, also of people who never wrote."""
    path = tmp_path / "map.toml"
    path.write_text(
        """
        [members.ada]
        roles = ["leader"]
        zone = "Europe/Berlin"
        name = "Ada"
        [members.helper]
        bot = true
        [channels.forum]
        privacy = "public"
        name = "Forum"
        members = ["ada", "m1"]
        """
    )
    found = events([line()], Archive(COMMUNITY, known=read_map(path), rule=ChampionRule.NONE))
    ada, roles, helper, channel, readers, member, post = found
    assert isinstance(ada, MemberJoined)
    assert (ada.member, ada.name, ada.zone, ada.bot) == ("ada", "Ada", "Europe/Berlin", False)
    assert isinstance(roles, RolesChanged)
    assert roles.roles == (Role.LEADER,)
    assert isinstance(helper, MemberJoined)
    assert helper.bot
    assert isinstance(channel, ChannelOpened)
    assert (channel.privacy, channel.name) == (Privacy.PUBLIC, "Forum")
    assert isinstance(readers, ChannelChanged)
    assert readers.joined == ("ada", "m1")
    assert [type(member), type(post)] == [MemberJoined, PostPublished]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("m.json", '{"members": {"a": {"zone": "Mars/Base"}}}', "members.a.zone"),
        ("m.json", '{"members": {"a": {"roles": ["king"]}}}', "members.a.roles.0"),
        ("m.json", '{"people": {}}', "people"),
        ("m.toml", "members = {", "cannot be read"),
    ],
)
def test_a_wrong_mapping_stops_with_a_sentence(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UnsafeSettings, match=re.escape(says)):
        read_map(path)


# Champions


def history(days: int, answers: dict[str, list[int]], asking: int = 40) -> list[dict[str, Any]]:
    """Give a post a day by one of `asking` people, answered by those who have the day in `answers`."""
    lines = []
    for day in range(days):
        at = START + timedelta(days=day)
        lines.append(line(id=f"p{day}", author=f"asker{day % asking:02}", at=at.isoformat()))
        for number, (member, on) in enumerate(sorted(answers.items())):
            if day in on:
                at += timedelta(minutes=1)
                lines.append(line(id=f"p{day}r{number}", author=member, at=at.isoformat(), reply_to=f"p{day}"))
    return lines


def roles(lines: Iterable[Any], rule: ChampionRule, known: ArchiveMap | None = None) -> list[tuple[int, str, bool]]:
    """Give who became (True) or was no longer a champion, on which day of the history."""
    found = of(RolesChanged, events(lines, Archive(COMMUNITY, known=known or ArchiveMap(), rule=rule)))
    return [((event.at - START).days, event.member, event.roles == CHAMPION) for event in found]


@given(st.dictionaries(st.sampled_from([f"m{n}" for n in range(30)]), st.integers(0, 5)), st.integers(0, 500))
def test_champions_are_few_and_answered_most(answers: dict[str, int], active: int) -> None:
    """At most 5 % of the active and at least one who ever answered; nobody who answered more is left out."""
    chosen = champions(answers, active)
    assert len(chosen) <= max(1, active * 0.05)
    assert bool(chosen) == any(answers.values())
    assert chosen == sorted(chosen)
    worst = min(((answers[m], [-ord(c) for c in m]) for m in chosen), default=None)
    for member, count in answers.items():
        if count and member not in chosen and worst is not None:
            assert (count, [-ord(c) for c in member]) <= worst or count == worst[0]


def test_who_answered_most_lately_is_a_champion_at_the_end() -> None:
    """Only the last 90 days count, bots and answers to oneself do not, and ties go by id."""
    answers = {
        "once": list(range(60)),
        "tied2": [120, 130],
        "tied1": [121, 131],
        "bot001": list(range(100, 150)),
        "asker00": [40, 80, 120],
    }
    assert roles(history(150, answers), ChampionRule.LATEST) == [(149, "tied1", True), (149, "tied2", True)]


def test_there_is_at_least_one_champion() -> None:
    """In a community of three, who answered at all is one; where nobody did, nobody is."""
    assert roles(history(3, {"m": [1]}, asking=2), ChampionRule.LATEST) == [(2, "m", True)]
    assert roles(history(3, {}), ChampionRule.LATEST) == []
    assert roles(history(3, {"m": [1]}), ChampionRule.NONE) == []


def test_champions_walk_with_time_in_a_replay() -> None:
    """Every 30 days those of the 90 days before, known from what was before; who no longer is loses it."""
    answers = {"early": list(range(5, 25)), "late": list(range(50, 140))}
    walked = roles(history(180, answers, asking=20), ChampionRule.WALK)
    assert walked == [(29, "early", True), (89, "early", False), (89, "late", True)]


def test_a_replay_knows_nothing_of_what_comes() -> None:
    """What the walking rule says up to a day is the same however the history goes on."""
    answers = {f"m{n}": [day for day in range(200) if day * (n + 3) % 7 < n] for n in range(6)}
    whole = history(200, answers)
    for end in (40, 95, 160):
        part = [message for message in whole if datetime.fromisoformat(message["at"]) < START + timedelta(days=end)]
        later = roles(whole, ChampionRule.WALK)
        assert roles(part, ChampionRule.WALK) == [change for change in later if change[0] < end - 1]


def test_known_roles_are_left_alone() -> None:
    """A rule does not overrule what the operator wrote down."""
    known = ArchiveMap.model_validate({"members": {"lead": {"roles": ["leader"]}}})
    found = of(RolesChanged, events(history(10, {"lead": [1, 2, 3], "m": [4]}), Archive(COMMUNITY, known=known)))
    assert [(event.member, event.roles) for event in found] == [("lead", (Role.LEADER,)), ("m", CHAMPION)]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_reading_is_a_function_of_the_lines(data: st.DataObject) -> None:
    """The same lines give the same events in the same order, however mixed: a resumed import relies on it."""
    lines = data.draw(st.permutations(history(70, {"a": [3, 40], "b": [3, 41]}, asking=3)))
    for rule in ChampionRule:
        assert read(lines, Archive(COMMUNITY, rule=rule)) == read(lines, Archive(COMMUNITY, rule=rule))
