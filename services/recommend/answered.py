"""When a post was first answered by another person: what ends its silence.

Features, what is learnt from and what an evaluation judges by all ask here. A reply of the author is no answer, nor
is one of a bot.
"""

import math
from collections.abc import Container, Iterable, Mapping
from typing import TypeVar

from services.recommend.documents import Post, Reply

Who = TypeVar("Who", int, str)


def first_answer(answers: Iterable[tuple[float, str, Who]], bots: Container[Who]) -> tuple[float, Who] | None:
    """Give when a thread was first answered by a person, and by whom; `answers` as (at, reply, who), by time."""
    return next(((at, who) for at, _, who in answers if who not in bots), None)


def wait(born: float, answered: float) -> float:
    """Give how many seconds a post waited; an answer whose clock was behind came at once."""
    return max(0.0, answered - born)


def waits(posts: Mapping[str, Post], replies: Mapping[str, Reply], bots: Container[str]) -> dict[str, float]:
    """Give how many seconds each post waited for the first answer of another person, infinite for never."""
    answers: dict[str, list[tuple[float, str, str]]] = {name: [] for name in posts}
    for name, reply in replies.items():
        if reply.answers and reply.post in posts:
            answers[reply.post].append((reply.at.timestamp(), name, reply.author))
    firsts = {name: first_answer(sorted(found), bots) for name, found in answers.items()}
    return {
        name: math.inf if first is None else wait(posts[name].at.timestamp(), first[0])
        for name, first in firsts.items()
    }
