from services.recommend.documents import PEERS, Peer
from services.recommend.meeting import crowd, hand_set
from services.recommend.peers import peers
from shared.events import ChannelChanged, MemberLeft, PeersRanked, Privacy, Reason
from tests.recommending import DAY, START, Place, channel, made, post, reply


def ranked(place: Place, member: str, days: float = 1) -> tuple[Peer, ...]:
    index, now = place.state.index, (START + days * DAY).timestamp()
    seen = crowd(index, index.scopes_read_by(index.people.number(member)), now)
    return peers(index, place.state.settings, hand_set(), member, seen, lambda _: {})


def found(place: Place, member: str, days: float = 1) -> dict[str, set[Reason]]:
    return {peer.member: {e.reason for e in peer.evidence} for peer in ranked(place, member, days)}


def test_near_people_and_people_of_the_same_threads_are_peers() -> None:
    """A peer wrote about the same things or took part in the same threads, and the evidence says which."""
    place = Place()
    place.see(
        channel(),
        post("p1", "ann", "volume rendering"),
        reply("r1", "p1", "ben"),
        post("p2", "cas", "volume rendering too"),
    )
    assert found(place, "ann") == {"ben": {Reason.SHARED_THREADS}, "cas": {Reason.ASKED_SIMILAR}}
    assert "ann" in found(place, "ben")
    assert found(place, "nobody") == {}


def test_shared_threads_name_the_channels_of_all_that_are_counted() -> None:
    """A count goes beyond the threads that are named; who may know it is said by the channels of all of them."""
    place = Place()
    place.see(channel(), channel("hall"))
    for i in range(4):
        where = "hall" if i else "general"
        place.see(post(f"p{i}", "cas", f"about {i}", START + i * DAY, channel=where))
        place.see(reply(f"r{i}", f"p{i}", "ben"), reply(f"a{i}", f"p{i}", "ann"))
    (ben,) = ranked(place, "ann", 5)
    shared = ben.evidence[0]
    assert (shared.reason, shared.count, shared.posts) == (Reason.SHARED_THREADS, 4, ("p3", "p2", "p1"))
    assert shared.channels == ("general", "hall")


def test_who_is_close_already_is_no_news() -> None:
    """People who have exchanged three answers know each other; who shared threads but exchanged less may meet."""
    place = Place()
    place.see(channel())
    for i in range(3):
        place.see(post(f"p{i}", "ann", "volume"), reply(f"r{i}", f"p{i}", "ben"), reply(f"a{i}", f"p{i}", "cas"))
        assert set(found(place, "ben")) == ({"ann", "cas"} if i < 2 else {"cas"})


def test_who_left_or_is_silent_for_long_is_no_peer() -> None:
    """Only people who can still be met are named."""
    place = Place()
    place.see(channel(), post("p1", "ann", "volume"), reply("r1", "p1", "ben"), reply("r2", "p1", "cas"))
    place.see(made(MemberLeft, START + DAY, member="ben"))
    assert set(found(place, "ann")) == {"cas"}
    assert found(place, "ann", days=100) == {}


def test_what_somebody_cannot_read_makes_no_peer() -> None:
    """Nearness and shared threads in a private channel count among its readers only, and no longer than that."""
    place = Place()
    place.see(channel("board", Privacy.PRIVATE, ["ann", "ben", "cas"]), channel())
    place.see(post("p1", "ann", "the secret budget", channel="board"), reply("r1", "p1", "ben"))
    place.see(post("p2", "cas", "the secret budget again", channel="board"))
    place.see(post("p3", "eve", "the secret budget"))
    assert set(found(place, "ann")) == {"ben", "cas"}
    assert found(place, "eve") == {}
    place.see(made(ChannelChanged, START + DAY, channel="board", left=("ben",)))
    assert found(place, "ben") == {}
    assert found(place, "ann") == {"cas": {Reason.ASKED_SIMILAR}, "ben": {Reason.ANSWERED_SIMILAR}}
    place.see(made(ChannelChanged, START + DAY, channel="board", privacy=Privacy.PUBLIC))
    assert set(found(place, "eve")) == {"ann", "ben", "cas"}


def test_peers_are_told_as_they_are_listed() -> None:
    """Nudge hears of the list that is kept for themselves, once it was made anew; an empty list says nothing."""
    place = Place()
    place.see(channel(), post("p1", "ann", "volume rendering"), post("p2", "ben", "volume rendering", START + DAY))
    out = place.see(post("p3", "ann", "volume rendering again", START + 9 * DAY))
    [told] = [event for event in out if isinstance(event, PeersRanked)]
    kept = place.documents.table(PEERS)["ann"].peers
    assert (told.member, [peer.member for peer in told.peers]) == ("ann", ["ben"])
    assert [(peer.member, peer.score, peer.evidence) for peer in told.peers] == [
        (one.member, one.score, one.evidence) for one in kept
    ]
    alone = Place().see(channel(), post("p1", "ann", "volume rendering"))
    assert not [event for event in alone if isinstance(event, PeersRanked)]
