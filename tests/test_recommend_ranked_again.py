"""A post that an edit makes another one is ranked anew, as long as it waits for an answer."""

from datetime import timedelta

import pytest

from services.recommend.documents import RESPONDERS, SUITABLE
from shared.events import Event, MatchesRanked, MessageEdited, ThreadResolved
from tests.recommending import DAY, HOUR, START, Place, channel, made, names, post, reply, settings

FIGS, LAWN = "repot the old fig", "mow wet lawn"
TALK = [
    post("p1", "ann", FIGS, START),
    reply("r1", "p1", "ben", START + HOUR),
    post("p2", "ann", LAWN, START + 2 * HOUR),
    reply("r2", "p2", "cas", START + 3 * HOUR),
]


def edited(text: str, after: timedelta = DAY + HOUR, message: str = "new") -> MessageEdited:
    event: MessageEdited = made(MessageEdited, START + after, message=message, text=text)
    return event


def waiting(place: Place | None = None) -> Place:
    """A newcomer asks about figs, a day on."""
    place = place or Place()
    place.see(channel(), *TALK, post("new", "dan", FIGS, START + DAY))
    return place


def ranked(events: list[Event]) -> list[MatchesRanked]:
    return [event for event in events if isinstance(event, MatchesRanked)]


def test_another_question_finds_other_people() -> None:
    """Edited into another question, a post goes to who knows that one; in the doors' lists, too."""
    place = waiting()
    before = place.documents.get(RESPONDERS, "new")
    assert before is not None
    (again,) = ranked(place.see(edited(LAWN)))
    assert (before.matches[0].member, again.matches[0].member) == ("ben", "cas")
    known = place.documents.get(RESPONDERS, "new")
    assert known is not None
    assert known.matches == again.matches
    listed = place.documents.get(SUITABLE, "cas")
    assert listed is not None
    assert "new" in [suitable.post for suitable in listed.posts]


def test_it_is_ranked_as_if_it_had_come_so() -> None:
    """What is said after the edit is what would be said of a post with these words: its own first one is no past."""
    again = ranked(waiting().see(edited(LAWN)))[0]
    place = Place()
    place.see(channel(), *TALK)
    fresh = place.ranked(post("new", "dan", LAWN, START + DAY))
    assert fresh is not None
    assert names(again) == names(fresh)
    assert (again.still_open, again.first_post) == (fresh.still_open, True)
    assert [m.evidence for m in again.matches] == [m.evidence for m in fresh.matches]


def test_each_ranking_is_an_event_of_its_own() -> None:
    """Two rankings of a post have two ids, and the same log gives the same ones again."""
    edit = edited(LAWN)
    ids: list[list[str]] = []
    for _ in range(2):
        place = Place()
        place.see(channel(), *TALK)
        ids.append([event.id for event in ranked(place.see(post("new", "dan", FIGS, START + DAY), edit))])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_a_slip_of_the_pen_changes_nothing() -> None:
    """An edit that leaves a post near to what it was ranks nothing."""
    assert ranked(waiting().see(edited(FIGS + "!"))) == []


@pytest.mark.parametrize(
    "what",
    [
        reply("r9", "new", "ben", START + DAY + HOUR / 2),
        made(ThreadResolved, START + DAY + HOUR / 2, message="new"),
    ],
    ids=["answered", "resolved"],
)
def test_who_waits_no_more_is_not_ranked(what: Event) -> None:
    """Nobody is looked for once somebody has answered, or the thread is settled."""
    place = waiting()
    place.see(what)
    assert ranked(place.see(edited(LAWN))) == []


def test_old_posts_are_left_alone() -> None:
    """A post whose responders are not kept any more is not ranked, and nothing is said of what is not known."""
    place = waiting()
    later = timedelta(days=place.state.settings.responders_kept_days + 2)
    assert ranked(place.see(edited(LAWN, later))) == []
    assert ranked(place.see(edited(LAWN, message="unknown"))) == []


def test_operators_can_switch_it_off() -> None:
    """At 0 no edit is far enough."""
    place = waiting(Place(settings(reranked_cosine=0)))
    assert ranked(place.see(edited("\N{SNOWMAN}"))) == []
