from services.recommend.documents import FORGOTTEN, GONE, MEMBERS, PEERS, POSTS, REPLIES, RESPONDERS, SUITABLE
from shared.events import (
    Answer,
    ChannelChanged,
    ChannelClosed,
    CommunityClosed,
    CommunityOpened,
    MatchesRanked,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageEdited,
    MessageRemoved,
    NudgeAnswered,
    PeersRanked,
    Privacy,
    Reason,
    Role,
    RolesChanged,
    ThreadResolved,
)
from shared.limits import ID_BYTES
from tests.recommending import DAY, HOUR, START, Place, channel, joined, let_in, made, names, post, reply, settings

LATER = START + DAY


def scores(ranked: MatchesRanked | None) -> dict[str, float]:
    return {match.member: match.score for match in ranked.matches} if ranked else {}


def facts(place: Place) -> dict[str, bytes]:
    """What is stored but for the lists of posts, which are as they were made."""
    return {name: body for name, body in place.stored.items() if not name.startswith(("posts/", "public_posts/"))}


def lively() -> Place:
    """Ben answered two posts by ann about volumes, cas one about linux."""
    place = Place()
    place.see(
        channel(),
        post("p1", "ann", "how to segment a volume"),
        reply("r1", "p1", "ben"),
        post("p2", "ann", "volume rendering"),
        reply("r2", "p2", "ben"),
        post("p3", "ann", "install on linux"),
        reply("r3", "p3", "cas"),
    )
    return place


def test_the_people_who_answered_similar_posts_are_ranked_with_reasons() -> None:
    """A new post finds the people who answered posts like it, and says why each of them."""
    asked = post("p4", "dan", "segment another volume", LATER)
    ranked = lively().ranked(asked)
    assert ranked is not None
    assert names(ranked) == ["ben", "cas", "ann"]
    assert (ranked.message, ranked.channel, ranked.author, ranked.published) == ("p4", "general", "dan", asked.at)
    assert ranked.at == LATER
    assert ranked.first_post
    evidence = {e.reason: e for e in ranked.matches[0].evidence}
    assert evidence[Reason.ANSWERED_SIMILAR].posts == ("p1", "p2")
    assert evidence[Reason.ANSWERED_SIMILAR].count == 2
    assert evidence[Reason.KNOWS_CHANNEL].channels == ("general",)
    assert evidence[Reason.ACTIVE_LATELY].count == 2


def test_everything_passes_unchanged_before_what_is_said_of_it() -> None:
    """Nudge reads one log: every activity, known or not, and then the matches."""
    place = lively()
    asked = post("p4", "dan", "segment another volume", LATER)
    out = place.see(asked)
    assert out[0] is asked
    assert [type(e) for e in out[1:]] == [MatchesRanked, PeersRanked]
    answered = made(NudgeAnswered, member="ben", nudge="n", answer=Answer.CLAIM)
    assert place.see(answered, out[1]) == [answered, out[1]]


def test_nobody_is_ranked_before_somebody_has_answered_or_has_a_role() -> None:
    """The first post of a community gives no empty list, and a champion can be asked from the start."""
    place = Place()
    place.see(channel())
    assert place.ranked(post("p1", "ann")) is None
    place.see(joined("zoe"), made(RolesChanged, member="zoe", roles=(Role.CHAMPION,)))
    assert names(place.ranked(post("p2", "ann"))) == ["zoe"]


def test_only_who_was_never_seen_to_write_has_a_first_post() -> None:
    """Somebody who replied before, or whose first post is known, is no newcomer."""
    place = lively()
    for message, author, first in (("p4", "dan", True), ("p5", "dan", False), ("p6", "cas", False)):
        ranked = place.ranked(post(message, author))
        assert ranked is not None
        assert ranked.first_post is first


def test_a_post_that_comes_twice_is_only_passed_on() -> None:
    """Delivered again, under whatever event id, a post changes nothing and is not ranked again."""
    place = lively()
    asked = post("p4", "dan", "segment another volume", LATER)
    place.see(asked)
    stored = dict(place.stored)
    again = asked.model_copy(update={"id": "another"})
    assert place.see(asked, again) == [asked, again]
    assert place.see(reply("r3", "p3", "cas"))[1:] == []
    assert place.stored == stored


def test_author_bots_absent_and_readerless_people_are_left_out() -> None:
    """A match is somebody else, a person, here, and able to read the channel."""
    place = lively()
    assert names(place.ranked(post("q1", "ben", at=LATER))) == ["cas", "ann"]
    place.see(made(MemberUpdated, member="cas", bot=True))
    assert names(place.ranked(post("q2", "dan"))) == ["ben", "ann"]
    assert place.ranked(post("q3", "cas")) is None
    place.see(made(MemberUpdated, LATER, member="cas", bot=False), made(MemberLeft, LATER, member="ben"))
    assert names(place.ranked(post("q4", "dan"))) == ["cas", "ann"]
    place.see(made(MemberJoined, LATER + HOUR, member="ben"))
    assert names(place.ranked(post("q5", "dan"))) == ["ben", "cas", "ann"]


def test_a_private_channel_finds_only_its_members_at_once() -> None:
    """Privacy and readers take effect with the very next post; an unknown channel has no readers."""
    place = lively()
    place.see(channel("board", Privacy.PRIVATE))
    assert place.ranked(post("q1", "dan", channel="board")) is None
    assert place.ranked(post("q2", "dan", channel="unheard")) is None
    place.see(let_in("board", "cas"))
    assert names(place.ranked(post("q3", "dan", channel="board"))) == ["cas"]
    place.see(made(ChannelChanged, LATER, channel="board", left=("cas",)))
    assert place.ranked(post("q4", "dan", LATER.isoformat(), LATER, channel="board")) is None
    place.see(made(ChannelChanged, LATER, channel="board", privacy=Privacy.PUBLIC))
    assert set(names(place.ranked(post("q5", "dan", channel="board")))) == {"ann", "ben", "cas"}
    place.see(made(ChannelClosed, LATER, channel="board"))
    assert place.ranked(post("q6", "dan", channel="board")) is None


def test_evidence_names_the_channels_of_all_that_it_counts() -> None:
    """A count goes beyond the posts that are named; who may know it is said by the channels of all of them."""
    place = lively()
    place.see(channel("hall"))
    for i in range(3):
        place.see(post(f"h{i}", "ann", "segment a volume", channel="hall"), reply(f"a{i}", f"h{i}", "ben"))
    asked = post("q1", "dan", "segment a volume", LATER)
    ranked = place.ranked(asked)
    assert ranked is not None
    similar = next(e for e in ranked.matches[0].evidence if e.reason is Reason.ANSWERED_SIMILAR)
    assert (similar.count, similar.channels) == (5, ("general", "hall"))
    assert set(similar.posts) == {"h0", "h1", "h2"}


def test_evidence_rests_on_what_everybody_in_the_channel_can_read() -> None:
    """What was answered in a private channel is a reason there, not elsewhere, and never for who has left it."""
    place = lively()
    place.see(channel("board", Privacy.PRIVATE, ["ann", "ben", "cas"]))
    place.see(post("b1", "ann", "segment the secret volume", channel="board"), reply("b2", "b1", "ben"))

    def shown(message: str, where: str) -> set[str]:
        ranked = place.ranked(post(message, "dan", "segment the secret volume", LATER, channel=where))
        assert ranked is not None
        return {p for m in ranked.matches for e in m.evidence for p in e.posts}

    assert "b1" in shown("q1", "board")
    assert "b1" not in shown("q2", "general")
    place.see(made(ChannelChanged, LATER, channel="board", left=("ben",)))
    assert "b1" not in shown("q3", "board")


def test_an_edited_post_is_found_by_its_new_words() -> None:
    """An edit replaces words and meaning; the title stays where none is given, and an older edit comes too late."""
    place = lively()
    place.see(made(MessageEdited, LATER, message="p3", text="meshes and models", title="Surfaces"))
    place.see(made(MessageEdited, LATER - HOUR, message="p3", text="linux again"))
    place.see(made(MessageEdited, LATER, message="p3", text="meshes and models again"))
    assert place.documents.table(POSTS)["p3"].words() == "Surfaces\nmeshes and models again"
    assert names(place.ranked(post("q1", "dan", "surfaces of meshes", LATER)))[0] == "cas"


def test_a_removed_answer_counts_no_more_and_does_not_come_back() -> None:
    """What is taken away takes its counts along, also when it is delivered once more."""
    place = lively()
    place.see(made(MessageRemoved, LATER, message="r3"), reply("r3", "p3", "cas"))
    assert names(place.ranked(post("q1", "dan"))) == ["ben", "ann"]
    for message in ("p1", "p2", "r1", "r2"):
        place.see(made(MessageRemoved, LATER, message=message))
    place.see(post("p1", "ann", "how to segment a volume"))
    assert "p1" not in place.documents.table(POSTS)
    assert names(place.ranked(post("q2", "dan", "segment a volume"))) == ["ann"]


def test_a_message_removed_before_it_came_never_appears() -> None:
    """Order of arrival does not decide whether something removed is kept."""
    place = lively()
    place.see(made(MessageRemoved, message="p9"), post("p9", "dan"))
    assert "p9" not in place.documents.table(POSTS)
    assert "p9" in place.documents.table(GONE)


def test_a_reply_that_came_before_its_post_counts_when_the_post_comes() -> None:
    """Two platforms' clocks may disagree about order: the answer counts all the same, one's own does not."""
    place = lively()
    place.see(reply("r9", "p9", "eve"), reply("r8", "p9", "fay"))
    before = scores(place.ranked(post("q1", "dan")))
    place.see(post("p9", "fay"))
    assert place.documents.table(REPLIES)["r9"].answers
    assert not place.documents.table(REPLIES)["r8"].answers
    after = scores(place.ranked(post("q2", "dan")))
    assert after["eve"] > before["eve"]
    assert after["eve"] > after["fay"]


def test_a_forgotten_member_is_nowhere() -> None:
    """Nothing stored names the member or holds a word of theirs, and what was before does not come back."""
    place = lively()
    place.see(
        let_in("general", "ben"),
        post("b1", "ben", "bens own unusual words", LATER),
        reply("b2", "b1", "cas", LATER),
        post("q1", "dan", "bens unusual volume", LATER),
    )
    place.see(made(MemberForgotten, LATER, member="ben"))
    kept = [f"{name} {body.decode()}" for name, body in place.stored.items()]
    assert not [text for text in kept if '"ben"' in text or "/ben" in text or "unusual words" in text]
    assert not [text for text in kept if "evidence" in text and "b1" in text]
    assert set(place.vectors.discarded) == {"bens own unusual words"}
    stored = dict(place.stored)
    place.see(
        joined("ben"),
        post("b1", "ben", "bens own unusual words", LATER),
        reply("r1", "p1", "ben"),
        made(MemberForgotten, LATER, member="ben"),
    )
    assert place.stored == stored
    assert names(place.ranked(post("q2", "dan", "volume", LATER))) == ["cas", "ann"]
    place.see(post("b9", "ben", "hello again", LATER + HOUR))
    assert "ben" in place.documents.table(MEMBERS)
    assert len(place.documents.table(FORGOTTEN)) == 1


def test_a_closed_community_is_followed_but_not_ranked() -> None:
    """Nothing is recommended while a community is closed; opened again it knows what happened meanwhile."""
    place = lively()
    place.see(made(CommunityClosed, LATER))
    assert place.ranked(post("q1", "dan", at=LATER)) is None
    place.see(reply("a1", "q1", "eve", LATER), made(CommunityOpened, LATER + HOUR))
    assert "eve" in names(place.ranked(post("q2", "dan", at=LATER + HOUR)))


def test_ids_stay_within_their_limit_and_name_the_model() -> None:
    """The longest post id and model name still give an id that may travel."""
    place = Place(settings(query_terms=7))
    place.see(channel(), joined("zoe"), made(RolesChanged, member="zoe", roles=(Role.LEADER,)))
    ranked = place.ranked(post("é" * 128, "ann"))
    assert ranked is not None
    assert len(ranked.id.encode()) <= ID_BYTES
    assert ranked.source == "kindling/recommend"
    assert ranked.model != lively().state.model


def test_a_members_list_holds_open_young_posts_that_they_have_not_answered() -> None:
    """A post is in its responders' lists until they answer it, it is settled, removed, or two weeks old."""
    place = lively()

    def listed(member: str) -> list[str]:
        known = place.documents.get(SUITABLE, member)
        return sorted(s.post for s in known.posts if s.post.startswith("q")) if known else []

    for i in range(4):
        place.see(post(f"q{i}", "dan", "volume on linux", LATER + i * HOUR))
    assert listed("ben") == listed("cas") == ["q0", "q1", "q2", "q3"]
    place.see(
        reply("a1", "q0", "ben", LATER),
        made(ThreadResolved, LATER, message="q1"),
        made(MessageRemoved, LATER, message="q2"),
    )
    assert listed("ben") == ["q3"]
    assert listed("cas") == ["q0", "q3"]
    place.see(post("late", "dan", "long ago", LATER - 20 * DAY))
    assert "late" not in listed("cas")
    place.see(joined("eve", LATER + 14 * DAY))
    assert listed("ben") == listed("cas") == ["q3"]
    place.see(joined("eve", LATER + 14 * DAY + 3 * HOUR))
    assert listed("ben") == listed("cas") == []
    assert "q3" in place.documents.table(RESPONDERS)
    place.see(joined("fay", LATER + 91 * DAY))
    assert not place.documents.table(RESPONDERS)


def test_a_thread_settled_before_its_post_came_is_settled() -> None:
    """Order of arrival does not decide whether a thread is open: the same is kept, and in nobody's list."""
    asked, settled = post("q1", "dan", "volume", LATER), made(ThreadResolved, LATER, message="q1")
    early = lively()
    late = early.open_again()
    early.see(settled, asked)
    late.see(asked, settled)
    assert early.documents.table(POSTS)["q1"].resolved
    for place in (early, late):
        assert not any(one.post == "q1" for known in place.documents.table(SUITABLE).values() for one in known.posts)
        assert any(one.post == "q1" for known in place.documents.table(SUITABLE).values() for one in known.reading)
    assert facts(early) == facts(late)
    for place in (early, late):
        place.see(made(MessageRemoved, LATER, message="q1"), settled)
        assert not any(name.startswith("resolved/") for name in place.stored)


def test_peers_are_near_or_shared_threads_and_are_renewed_at_most_weekly() -> None:
    """Somebody who writes learns whom to know; the list stays for a week, and goes when they are away for long."""
    place = lively()
    known = place.documents.get(PEERS, "ben")
    assert known is not None
    assert [p.member for p in known.peers] == ["ann"]
    assert known.peers[0].evidence[0].reason is Reason.SHARED_THREADS
    place.see(post("b1", "ben", "linux", LATER))
    assert place.documents.get(PEERS, "ben") == known
    place.see(post("b2", "ben", "install on linux", LATER + 7 * DAY))
    renewed = place.documents.get(PEERS, "ben")
    assert renewed is not None
    assert {p.member for p in renewed.peers} == {"ann", "cas"}
    place.see(joined("eve", LATER + 100 * DAY))
    assert not place.documents.table(PEERS)


def test_the_very_first_post_finds_a_champion_who_was_there_before() -> None:
    """A community that tells of its people before anybody writes loses nothing: its first post is ranked."""
    place = Place()
    place.see(channel(), joined("zoe"), made(RolesChanged, member="zoe", roles=(Role.CHAMPION,)))
    assert names(place.ranked(post("p1", "ann"))) == ["zoe"]
