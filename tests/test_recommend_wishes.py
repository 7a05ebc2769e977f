"""What members do not want is obeyed at once, both ways, and taken back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import DECLINED_PEOPLE, DECLINED_TOPICS, INTRODUCTIONS, PEERS, RESPONDERS, SUITABLE
from shared.events import Event, MatchDeclined, MemberForgotten, MemberLeft, Privacy, TopicDeclined
from tests.recommending import DAY, HOUR, START, Place, channel, made, names, post, reply

TALK = [
    post("p1", "ann", "segment the volume", START),
    reply("r1", "p1", "ben", START + HOUR),
    reply("r2", "p1", "cas", START + HOUR),
    post("p2", "ben", "segment the volume", START + 2 * HOUR),
    reply("r3", "p2", "ann", START + 3 * HOUR),
    reply("r4", "p2", "cas", START + 3 * HOUR),
]


def talked() -> Place:
    place = Place()
    place.see(channel(), *TALK)
    return place


def apart(member: str, other: str, days: int, declined: bool = True) -> MatchDeclined:
    event: MatchDeclined = made(MatchDeclined, START + days * DAY, member=member, other=other, declined=declined)
    return event


def averse(member: str, about: str, days: int, declined: bool = True) -> TopicDeclined:
    event: TopicDeclined = made(TopicDeclined, START + days * DAY, member=member, post=about, declined=declined)
    return event


def asked(place: Place, author: str, text: str = "segment the volume") -> list[str]:
    """Say who would be asked about a post, on a copy."""
    return names(place.open_again().ranked(post("new", author, text, START + 10 * DAY)))


def test_a_declined_match_holds_both_ways() -> None:
    """Who never wants to be matched with somebody answers none of their posts, nor they theirs; others do."""
    place = talked()
    assert "ben" in asked(place, "ann")
    assert "ann" in asked(place, "ben")
    place.see(apart("ann", "ben", 1))
    assert asked(place, "ann") == ["cas"]
    assert asked(place, "ben") == ["cas"]
    assert sorted(asked(place, "cas")) == ["ann", "ben"]


def test_a_declined_match_is_taken_back_by_who_said_so_alone() -> None:
    """Each one's word stands by itself: taking back what one said leaves what the other said."""
    place = talked()
    place.see(apart("ann", "ben", 1), apart("ben", "ann", 2), apart("ann", "ben", 3, declined=False))
    assert "ben" not in asked(place, "ann")
    place.see(apart("ben", "ann", 4, declined=False))
    assert "ben" in asked(place, "ann")


def test_lists_that_are_there_already_obey() -> None:
    """From that moment no stored list of either has the other, nor names the other's threads."""
    place = talked()
    place.see(apart("ann", "ben", 1))
    table = place.documents.table
    for one, other, theirs in (("ann", "ben", "p2"), ("ben", "ann", "p1")):
        peers = place.documents.get(PEERS, one)
        assert peers is None or other not in [peer.member for peer in peers.peers]
        assert peers is None or all(theirs not in e.posts for peer in peers.peers for e in peer.evidence)
        listed = place.documents.get(SUITABLE, one)
        assert listed is None or theirs not in [s.post for s in (*listed.posts, *listed.reading)]
    for responders in table(RESPONDERS).values():
        assert not {"ann", "ben"} <= {responders.author, *[m.member for m in responders.matches]} - {"cas"}
    assert not [p for known in table(INTRODUCTIONS).values() for p in known.pairs if {p.one, p.other} == {"ann", "ben"}]


def test_no_evidence_names_threads_of_somebody_declined() -> None:
    """Why somebody matches is not told by threads of whom they do not want to hear of."""
    place = talked()
    before = place.open_again().ranked(post("new", "cas", "segment the volume", START + 10 * DAY))
    place.see(apart("ann", "ben", 1))
    after = place.open_again().ranked(post("new", "cas", "segment the volume", START + 10 * DAY))
    assert before is not None
    assert after is not None
    told = [{p for m in r.matches if m.member == "ann" for e in m.evidence for p in e.posts} for r in (before, after)]
    assert "p2" in told[0]
    assert "p2" not in told[1]


def test_not_my_topic_holds_for_what_is_near() -> None:
    """Who says of a post that it is not their topic is asked about none that means the same, and about others still."""
    place = talked()
    open_post = place.ranked(post("p3", "ann", "segment the volume", START + 4 * HOUR))
    assert "ben" in names(open_post)
    place.see(averse("ben", "p1", 1))
    assert "ben" not in asked(place, "ann")
    assert "ben" in asked(place, "ann", "install on linux")
    assert "cas" in asked(place, "ann")
    assert "ben" not in [match.member for match in place.documents.table(RESPONDERS)["p3"].matches]
    place.see(averse("ben", "p1", 2, declined=False))
    assert "ben" in asked(place, "ann")


def test_a_topic_of_a_private_post_shapes_nothing_public() -> None:
    """That somebody declines what only few may read cannot be told from who is asked where all read."""
    place = talked()
    place.see(channel("board", Privacy.PRIVATE, ("ann", "ben")))
    place.see(
        post("secret", "ann", "segment the volume", START + 4 * HOUR, channel="board"), averse("ben", "secret", 1)
    )
    assert "ben" in asked(place, "ann")


def test_leaving_and_forgetting_take_all_of_it_away() -> None:
    """Nothing that somebody wanted outlives them, nor what others wanted of somebody who was forgotten."""
    for end in (MemberLeft, MemberForgotten):
        place = talked()
        place.see(apart("ann", "ben", 1), averse("ann", "p2", 1), made(end, START + 2 * DAY, member="ann"))
        assert not place.documents.table(DECLINED_PEOPLE)
        assert not place.documents.table(DECLINED_TOPICS)
    place = talked()
    place.see(apart("ben", "ann", 1), made(MemberForgotten, START + 2 * DAY, member="ann"))
    assert "ann" not in "".join(name for name in place.stored if name.startswith("declined"))


WHO = st.sampled_from(["ann", "ben", "cas"])
SAID = st.lists(
    st.one_of(
        st.builds(apart, WHO, WHO, st.integers(1, 4), st.booleans()),
        st.builds(averse, WHO, st.sampled_from(["p1", "p2", "unknown"]), st.integers(1, 4), st.booleans()),
        st.builds(lambda who, days: made(MemberLeft, START + days * DAY, member=who), WHO, st.integers(1, 4)),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(SAID, st.data())
def test_the_order_of_what_is_said_does_not_matter(said: list[Event], data: st.DataObject) -> None:
    """What is wanted in the end is the same in whatever order it came, and however often."""
    straight, mixed = talked(), talked()
    straight.see(*said)
    mixed.see(*data.draw(st.permutations([*said, *said])))
    for table in (DECLINED_PEOPLE, DECLINED_TOPICS):
        assert straight.documents.table(table) == mixed.documents.table(table)
    assert asked(straight, "ann") == asked(mixed, "ann")
