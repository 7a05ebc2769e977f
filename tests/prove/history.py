"""A seeded history: posts, replies, late ones, repeats, ticks, and a few that can never be processed."""

import random
from collections.abc import Iterator

from shared.events import Event
from tests.loop.harness import PARTITIONS, post, reply, tick

COMMUNITIES = 9


def history(seed: int, count: int) -> list[Event]:
    """Give `count` events and the ticks between them, the last of which has everything due."""
    return [*_events(random.Random(seed), count), *(tick(partition, 10_000_000) for partition in range(PARTITIONS))]


def _events(chance: random.Random, count: int) -> Iterator[Event]:
    minutes = 0.0
    said: list[Event] = []
    for number in range(count):
        minutes += chance.choice((0, 0.5, 2, 5))
        community = f"c{chance.randrange(COMMUNITIES)}"
        kind = chance.random()
        if kind < 0.05 and said:
            event = chance.choice(said)
        elif kind < 0.10:
            event = reply(community, number, minutes=minutes - chance.randrange(600))
        elif kind < 0.12:
            event = reply(community, number, "poison", minutes)
        elif kind < 0.5:
            event = post(community, number, minutes)
        else:
            event = reply(community, number, minutes=minutes)
        said.append(event)
        yield event
        if chance.random() < 0.1:
            yield from (tick(partition, minutes) for partition in range(PARTITIONS))
