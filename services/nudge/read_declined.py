"""Read what a member declines, to show it to them alone: posts by name while they may read them, and people."""

from dataclasses import dataclass

from services.nudge.documents import CHANNELS, FORGOTTEN, MEMBERS, POSTS, READERS, WISHES, reader_key
from services.nudge.guard import Held
from services.nudge.naming import short_hash
from services.nudge.shelf import Person, Shelf
from services.nudge.wishes import is_declined
from services.nudge.words import Words, words_for
from shared.declining import Said
from shared.reading import StateReader


@dataclass(frozen=True, slots=True)
class ShownTopic:
    """A post whose topic is declined; `heading` is None where the member may not read it, or it is forgotten."""

    post: str
    heading: str | None


@dataclass(frozen=True, slots=True)
class ShownDeclined:
    topics: tuple[ShownTopic, ...]
    people: tuple[Person, ...]


async def read_declined(reader: StateReader, community: str, member: str, held: Held, usual: str) -> ShownDeclined:
    """Read what a member declines, with what they pressed and what has not come through yet."""
    shelf = Shelf(reader, community)
    await shelf.fetch(MEMBERS, [member])
    await shelf.fetch(WISHES, [member])
    known = shelf.get(MEMBERS, member)
    wishes = held.wished(shelf.wishes(member), known)
    words = words_for(held.pressed(known).language if known else None, usual)
    topics = [post for post in sorted(wishes.topics) if is_declined(wishes.topics, post)]
    people = [other for other in sorted(wishes.people) if is_declined(wishes.people, other)]
    # What was pressed is held for a while, also about who was forgotten since.
    await shelf.fetch(FORGOTTEN, [short_hash(other) for other in people])
    people = [other for other in people if not _is_forgotten(shelf, other, wishes.people[other])]
    await shelf.fetch(MEMBERS, people)
    await shelf.fetch(POSTS, topics)
    channels = {post.channel for post in (shelf.get(POSTS, topic) for topic in topics) if post and post.channel}
    await shelf.fetch(CHANNELS, channels)
    await shelf.fetch(READERS, [reader_key(channel, member) for channel in channels])
    return ShownDeclined(
        tuple(ShownTopic(post, _heading(shelf, member, post, words)) for post in topics),
        tuple(sorted((shelf.person(other) for other in people), key=lambda person: (person.name, person.id))),
    )


def _is_forgotten(shelf: Shelf, other: str, said: Said) -> bool:
    forgotten = shelf.get(FORGOTTEN, short_hash(other))
    return forgotten is not None and said.said.at <= forgotten.at


def _heading(shelf: Shelf, member: str, topic: str, words: Words) -> str | None:
    post = shelf.get(POSTS, topic)
    # A post of which nobody has told more than its author has no words yet.
    if post is None or post.removed or post.published is None or post.channel is None:
        return None
    return words.heading(post.title, post.excerpt) if shelf.reads(member, post.channel) else None
