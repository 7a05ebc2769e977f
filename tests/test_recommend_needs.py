import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.documents import POSTS
from shared.events import Event, MemberForgotten, MessageEdited, MessageRemoved
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, post
from tests.test_recommend_rebuild import HISTORIES

LATER = START + DAY


def handle_together(place: Place, batch: list[Event]) -> None:
    """Handle events as one batch: their vectors are prepared for all of them before the first."""
    place.driven.aids = asyncio.run(place.service.prepare(place.state, batch))
    for event in batch:
        place.driven.step(event)


def standing(place: Place) -> set[str]:
    return {one.words() for one in place.documents.table(POSTS).values()}


@settings(max_examples=100, deadline=None)
@given(st.lists(HISTORIES, max_size=3))
def test_no_vector_is_kept_of_a_text_that_is_not_there(batches: list[list[Event]]) -> None:
    """Whatever comes together in a batch finds its vectors; what was refused, replaced or taken away has none."""
    place = Place()
    place.see(channel())
    for batch in batches:
        handle_together(place, batch)
        assert place.vectors.kept <= standing(place)


def test_an_old_post_of_somebody_forgotten_is_not_embedded_again() -> None:
    """What comes again of a forgotten member is refused before anything is made of it."""
    place = Place()
    old = post("p1", "ann", "her words")
    place.see(channel(), old, made(MemberForgotten, LATER, member="ann"))
    calls = len(place.vectors.calls)
    place.see(old, old.model_copy(update={"message": "p2", "id": "other"}))
    assert len(place.vectors.calls) == calls
    assert not place.vectors.kept


def test_nothing_is_kept_of_who_is_forgotten_in_the_same_batch() -> None:
    """A post that comes with the news that its author is forgotten, before or after it, leaves no vector."""
    place = Place()
    place.see(channel(), joined("zoe", LATER))
    forgotten = made(MemberForgotten, START, member="ann")
    before, after = post("p1", "ann", "her words", START - HOUR), post("p2", "ann", "more", START + HOUR)
    handle_together(place, [before, forgotten, after])
    assert not place.documents.table(POSTS)
    assert not place.vectors.kept


def test_an_edit_that_comes_too_late_changes_no_vector() -> None:
    """A stale edit's text is not embedded, and the vector of the text that stands stays."""
    place = Place()
    place.see(channel(), post("p1", "ann", "one"), made(MessageEdited, LATER, message="p1", text="two"))
    place.see(made(MessageEdited, START, message="p1", text="stale"))
    assert "stale" not in place.vectors.calls
    assert place.vectors.kept == {"two"}


def test_a_post_that_was_removed_before_it_came_is_not_embedded() -> None:
    """A removal and its post, in one batch the wrong way round, make no vector."""
    place = Place()
    handle_together(place, [channel(), made(MessageRemoved, message="p1"), post("p1", "ann", "gone")])
    assert not place.vectors.calls
