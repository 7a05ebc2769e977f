"""Whom a champion might introduce to each other."""

from services.recommend.documents import INTRODUCTIONS
from shared.events import (
    IntroductionsRanked,
    MemberForgotten,
    MemberLeft,
    PeersRanked,
    Privacy,
    Reason,
    Role,
    RolesChanged,
)
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, post, reply
from tests.test_recommend_api import Doors

LATER = START + 20 * DAY


def house() -> Place:
    """Zoe is a champion: ann, ben and cas wrote to her; ann and ben ask the same, and have not met."""
    place = Place()
    place.see(channel(), joined("zoe"), made(RolesChanged, START, member="zoe", roles=(Role.CHAMPION,)))
    for n, (who, text) in enumerate(
        [("ann", "volume rendering"), ("ben", "volume rendering"), ("cas", "bread and butter")]
    ):
        place.see(post(f"p{n}", who, text, START + n * HOUR), reply(f"r{n}", f"p{n}", "zoe", START + n * HOUR))
    return place


def pairs(place: Place, member: str = "zoe", viewer: str | None = None) -> list[list[str]]:
    shown = Doors(place).ask(f"members/{member}/introductions", viewer=viewer)
    return [one["members"] for one in shown["introductions"]]


def refreshed(place: Place) -> Place:
    """Zoe writes again a week later, when her lists are old."""
    place.see(reply("again", "p0", "zoe", LATER))
    return place


def test_people_whom_a_champion_knows_and_who_share_something_are_introduced() -> None:
    """Two who asked the same and never met are the best pair; the evidence names what they share."""
    place = refreshed(house())
    assert pairs(place)[0] == ["ann", "ben"]
    (first, *_) = Doors(place).ask("members/zoe/introductions", viewer="zoe")["introductions"]
    assert "asked_similar" in str(first["evidence"])
    assert first["score"] > 0


def test_pairs_are_told_when_they_are_made_anew_and_not_between() -> None:
    """Nudge hears of them once a week, with what the list says; and nothing where there is no pair."""
    place = house()
    out = place.see(reply("again", "p0", "zoe", LATER))
    [told] = [event for event in out if isinstance(event, IntroductionsRanked)]
    assert told.member == "zoe"
    assert [[pair.one, pair.other] for pair in told.pairs] == pairs(place)
    assert [event.reason for event in told.pairs[0].evidence] == [Reason.ASKED_SIMILAR]
    soon = place.see(reply("soon", "p0", "zoe", LATER + DAY))
    assert not [event for event in soon if isinstance(event, IntroductionsRanked | PeersRanked)]


def test_who_has_met_needs_no_introduction() -> None:
    """Once they have exchanged an answer they are no pair any more."""
    place = house()
    place.see(reply("met", "p0", "ben", START + DAY))
    assert ["ann", "ben"] not in pairs(refreshed(place))


def test_only_who_helps_introduces_and_only_people_who_are_here() -> None:
    """Members have no such list; who left or was forgotten is in none, at once."""
    place = refreshed(house())
    assert pairs(place, "ann") == []
    place.see(made(MemberLeft, LATER, member="ben"))
    assert not [pair for pair in pairs(place) if "ben" in pair]
    place.see(made(MemberForgotten, LATER, member="ann"))
    assert "ann" not in str(place.documents.table(INTRODUCTIONS))


def test_introductions_rest_on_what_is_public() -> None:
    """Who is known from a private channel alone is in no pair, and what is shared there is no reason."""
    place = Place()
    place.see(channel(), joined("zoe"), made(RolesChanged, START, member="zoe", roles=(Role.CHAMPION,)))
    place.see(channel("board", Privacy.PRIVATE, ["zoe", "ann", "ben"]))
    for n, who in enumerate(["ann", "ben"]):
        place.see(post(f"b{n}", who, "volume rendering", START, channel="board"))
        place.see(reply(f"r{n}", f"b{n}", "zoe", START, channel="board"))
    place.see(post("p", "zoe", "hello", LATER))
    assert pairs(place) == []
