"""Assigning: open posts to the people who may be asked, thirty for each post, in one round."""

from collections.abc import Iterator
from functools import partial
from random import Random

from bench.measuring import Figure, duration
from services.nudge.assign import assign

# Posts, people and runs.
SIZES = ((500, 200, 5), (10_000, 2_000, 1))
CANDIDATES = 30


def _worths(posts: int, people: int, seed: int = 1) -> dict[tuple[str, str], float]:
    """Draw what asks are worth: some posts need an answer more, some people answer more."""
    draw = Random(seed)  # noqa: S311 - invents figures
    answers = [draw.random() for _ in range(people)]
    worths: dict[tuple[str, str], float] = {}
    for post in range(posts):
        need = draw.random()
        for person in draw.sample(range(people), CANDIDATES):
            chance = need * answers[person] * draw.random()
            worths[f"p{post}", f"m{person}"] = chance - 0.05 * draw.random()
    return worths


def figures() -> Iterator[Figure]:
    for posts, people, runs in SIZES:
        yield duration(f"assigning {posts:,} posts to {people:,} people", partial(assign, _worths(posts, people)), runs)
