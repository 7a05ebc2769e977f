from services.recommend.documents import CHANNELS, MEMBERS, POSTS
from shared.events import ChannelClosed, MemberForgotten, MemberJoined, MessageEdited, Privacy, Reason
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, names, post, reply


def test_edits_of_one_instant_stand_in_one_order() -> None:
    """Which of two edits of the same second stands does not depend on which came first."""
    edits = [made(MessageEdited, START + HOUR, message="p", text=text) for text in ("one", "two")]
    for order in (edits, edits[::-1]):
        place = Place()
        place.see(channel(), post("p", "ann"), *order)
        assert place.documents.table(POSTS)["p"].text == "two"


def test_forgetting_again_spares_who_came_back() -> None:
    """The same news to forget somebody, come again however late, does not wipe out who they are now."""
    place = Place()
    forgotten = made(MemberForgotten, START, member="ann")
    place.see(joined("ann"), forgotten, made(MemberJoined, START + HOUR, member="ann"))
    place.see(made(MemberJoined, START + 400 * DAY, member="ben"))
    stored = dict(place.stored)
    place.see(forgotten, made(MemberForgotten, START, member="ann"))
    assert place.stored == stored
    assert "ann" in place.documents.table(MEMBERS)


def test_nobody_reads_a_closed_channel() -> None:
    """What was written in a channel that is closed is evidence for nobody, and it comes back when it is opened."""
    place = Place()
    place.see(channel(), channel("hall"), post("h1", "ann", "segment a volume", channel="hall"))
    place.see(reply("h2", "h1", "ben", channel="hall"), post("p1", "ann"), reply("p2", "p1", "ben"))

    def evident(message: str) -> bool:
        ranked = place.ranked(post(message, "dan", "segment a volume", START + DAY))
        assert names(ranked) == ["ben", "ann"]
        assert ranked is not None
        return any(e.reason is Reason.ANSWERED_SIMILAR and "h1" in e.posts for e in ranked.matches[0].evidence)

    assert evident("q1")
    place.see(made(ChannelClosed, START + HOUR, channel="hall"))
    closed = place.documents.get(CHANNELS, "hall")
    assert closed is not None
    assert closed.privacy is Privacy.PUBLIC
    assert not evident("q2")
    assert not place.state.index.reads(place.state.index.people.number("ben"), "hall")
    assert "hall" not in place.open_again().state.index.public
    opened = channel("hall").model_copy(update={"id": "again", "at": START + 2 * HOUR})
    place.see(opened)
    assert evident("q3")
