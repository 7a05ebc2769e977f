"""What members do not want: who is asked about no such post, and who is kept apart from whom. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from services.nudge.documents import Wishes
from shared.declining import Said, is_news, said_by
from shared.events import MatchDeclined, TopicDeclined
from shared.stamps import Stamp


class Declinable(StrEnum):
    """What a member can decline of a nudge: the topic of its post, or to be matched with its author."""

    TOPIC = "topic"
    PERSON = "person"


def wish_of(event: MatchDeclined | TopicDeclined) -> Wishes:
    """Give the one wish that an event says."""
    if isinstance(event, TopicDeclined):
        return Wishes(topics={event.post: said_by(event)})
    return Wishes(people={event.other: said_by(event)})


def with_wishes(wishes: Wishes, new: Wishes, gone: Stamp | None = None) -> Wishes:
    """Give wishes with those of the new ones that are later, and that their member said since they last left."""
    return Wishes(_with(wishes.topics, new.topics, gone), _with(wishes.people, new.people, gone))


def _with(known: Mapping[str, Said], new: Mapping[str, Said], gone: Stamp | None) -> dict[str, Said]:
    news = {about: said for about, said in new.items() if is_news(said, known.get(about), gone)}
    # Sorted: what is stored is the same, byte for byte, in whatever order it was said.
    return dict(sorted({**known, **news}.items()))


def after(wishes: Wishes, gone: Stamp) -> Wishes:
    """Give what a member wishes who left at `gone`: only what they said after it."""
    topics, people = (
        {about: said for about, said in kind.items() if said.said > gone} for kind in (wishes.topics, wishes.people)
    )
    return Wishes(topics, people)


def without_person(wishes: Wishes, person: str) -> Wishes:
    """Give the wishes without what is about somebody."""
    return replace(wishes, people={about: said for about, said in wishes.people.items() if about != person})


def said_of(wishes: Wishes, what: Declinable) -> Mapping[str, Said]:
    return wishes.topics if what is Declinable.TOPIC else wishes.people


def is_declined(said: Mapping[str, Said], about: str) -> bool:
    return about in said and said[about].declined


def are_apart(one: str, of_one: Wishes | None, other: str, of_other: Wishes | None) -> bool:
    """Say whether two people are not matched: it takes one of them to say so, and holds for both."""
    said = ((of_one or Wishes(), other), (of_other or Wishes(), one))
    return any(is_declined(wishes.people, about) for wishes, about in said)
