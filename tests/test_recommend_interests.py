"""What members say that they are interested in brings posts to them, also to who has written nothing yet."""

import asyncio
from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import INTERESTS, SUITABLE
from services.recommend.interests import LEAST_COSINE, Interests
from services.recommend.vectors import SCALE, quantise
from shared.events import MemberForgotten, PreferencesChanged, Privacy, Reason
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, names, post, reply

TALK = [
    post("p1", "ann", "repot the old fig", START),
    reply("r1", "p1", "ben", START + HOUR),
    post("p2", "ben", "mow the wet lawn", START + 2 * HOUR),
    reply("r2", "p2", "ann", START + 3 * HOUR),
]


def interested(member: str, *topics: str, after: timedelta = DAY) -> PreferencesChanged:
    event: PreferencesChanged = made(PreferencesChanged, START + after, member=member, interests=topics)
    return event


def talked() -> Place:
    place = Place()
    place.see(channel(), joined("new"), *TALK)
    return place


def asked(place: Place, text: str, name: str = "next") -> list[str]:
    """Say who would be asked about a post, on a copy."""
    return names(place.open_again().ranked(post(name, "ann", text, START + 10 * DAY)))


def test_who_has_written_nothing_is_found_by_what_they_declared() -> None:
    """A newcomer who named a topic is matched with a post on it, and told why."""
    place = talked()
    assert "new" not in asked(place, "apple tree")
    place.see(interested("new", "apple tree"))
    ranked = place.open_again().ranked(post("next", "ann", "apple tree", START + 10 * DAY))
    assert ranked is not None
    (new,) = [match for match in ranked.matches if match.member == "new"]
    assert [evidence.reason for evidence in new.evidence] == [Reason.INTERESTED]
    assert "new" not in asked(place, "mow the wet lawn")[:1]


def test_what_is_far_from_every_interest_is_no_reason() -> None:
    """An interest says nothing of posts on something else, and no evidence claims it."""
    place = talked()
    place.see(interested("ben", "apple tree"))
    ranked = place.open_again().ranked(post("next", "ann", "mow the wet lawn", START + 10 * DAY))
    assert ranked is not None
    assert all(e.reason is not Reason.INTERESTED for match in ranked.matches for e in match.evidence)


def test_only_who_may_read_is_found() -> None:
    """What somebody declared opens no private channel to them."""
    place = talked()
    place.see(channel("staff", Privacy.PRIVATE, ["ann", "ben"]), interested("new", "apple tree"))
    said = post("next", "ann", "apple tree", START + 10 * DAY, channel="staff")
    assert "new" not in names(place.ranked(said))


def test_the_last_word_holds() -> None:
    """Declared anew, what was declared before is over; an earlier word that comes late changes nothing."""
    place = talked()
    place.see(interested("new", "apple tree", after=2 * DAY), interested("new", after=3 * DAY))
    assert "new" not in asked(place, "apple tree")
    place.see(interested("new", "apple tree", after=DAY))
    assert "new" not in asked(place, "apple tree")
    place.see(interested("new", "wet lawn", "wet lawn", after=4 * DAY))
    assert "new" in asked(place, "mow the wet lawn")
    known = place.documents.get(INTERESTS, "new")
    assert known is not None
    assert known.topics == ("wet lawn",)


def test_other_preferences_leave_interests_as_they_are() -> None:
    """Who changes how often they are asked does not take back what they are interested in."""
    place = talked()
    place.see(interested("new", "apple tree"), made(PreferencesChanged, START + 2 * DAY, member="new", weekly_asks=1))
    assert "new" in asked(place, "apple tree")


def test_a_declared_interest_fills_the_list_at_once() -> None:
    """Who declares an interest finds the young posts on it in their list, without having written a word."""
    place = talked()
    place.see(interested("new", "old fig", after=4 * HOUR))
    listed = place.documents.get(SUITABLE, "new")
    assert listed is not None
    assert listed.posts[0].post == "p1"


def test_vectors_live_as_long_as_their_interests() -> None:
    """The vector of an interest is made once, and given up when the interest is replaced or its member forgotten."""
    place = talked()
    place.see(interested("new", "apple tree", "old fig", after=2 * DAY))
    assert {"apple tree", "old fig"} <= place.vectors.kept
    place.see(interested("new", "old fig", after=3 * DAY))
    assert "apple tree" not in place.vectors.kept
    assert "old fig" in place.vectors.kept
    place.see(made(MemberForgotten, START + 4 * DAY, member="new"))
    assert "old fig" not in place.vectors.kept
    assert place.documents.get(INTERESTS, "new") is None
    assert "new" not in asked(place, "repot the old fig")


def test_one_batch_declares_forgets_and_declares() -> None:
    """What a batch is going to need is known before it is handled, whatever it says of the same member."""
    place = talked()
    batch = [
        interested("new", "apple tree", after=2 * DAY),
        made(MemberForgotten, START + 3 * DAY, member="new"),
        interested("new", "wet lawn", after=4 * DAY),
    ]
    place.driven.aids = asyncio.run(place.service.prepare(place.state, batch))
    for event in batch:
        place.driven.step(event)
    known = place.documents.get(INTERESTS, "new")
    assert known is not None
    assert known.topics == ("wet lawn",)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=12), st.integers(0, 2**32 - 1))
def test_nearness_is_that_of_the_nearest_interest(changes: list[tuple[int, int]], seed: int) -> None:
    """Whatever was declared before, everybody's nearness is by the nearest of their interests now."""
    rng, interests, now = np.random.default_rng(seed), Interests(6), {}
    for person, count in changes:
        now[person] = [quantise(rng.normal(size=6)) for _ in range(count)]
        interests.set(person, now[person])
    asked_for = quantise(rng.normal(size=6))
    slow = np.zeros(6)
    for person, vectors in now.items():
        cosines = [float(asked_for.astype(np.int64) @ vector.astype(np.int64)) / SCALE**2 for vector in vectors]
        slow[person] = max((np.exp(14 * cosine) for cosine in cosines if cosine >= LEAST_COSINE), default=0.0)
    np.testing.assert_allclose(interests.near(asked_for, 6), slow)
