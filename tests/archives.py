"""A small invented archive: people who know one subject each answer the questions about it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

SUBJECTS = {
    "pruning": "roses hedges shears branches winter",
    "compost": "worms heap leaves kitchen smell",
    "bees": "hive honey queen swarm frames",
    "ponds": "frogs pump algae lilies depth",
}


START = datetime(2024, 1, 1, 8, tzinfo=UTC)


def messages(threads: int, seed: int = 1, start: datetime = START) -> Iterator[dict[str, str | None]]:
    """Give threads eight hours apart: mostly answered within hours by one of three who know the subject."""
    draw, at = Random(seed), start
    names = list(SUBJECTS)
    for number in range(threads):
        at += timedelta(hours=8, minutes=draw.randrange(60))
        subject = names[draw.randrange(len(names))]
        words = SUBJECTS[subject].split()
        asker = f"asker{draw.randrange(40):02}"
        post = f"p{number:05}"
        text = " ".join([subject, *draw.choices(words, k=6)])
        yield _message(post, "garden", f"About {subject}", asker, at, text, None)
        if draw.random() < 0.8:
            first = at + timedelta(minutes=draw.randrange(5, 600))
            for nth in range(1 + (draw.random() < 0.3)):
                helper = f"{subject}{draw.choices(range(3), (6, 3, 1))[0]}"
                yield _message(f"r{number:05}.{nth}", "garden", f"About {subject}", helper,
                               first + timedelta(minutes=nth), "This is how.", post)  # fmt: skip


def _message(
    name: str, channel: str, topic: str, author: str, at: datetime, text: str, post: str | None
) -> dict[str, str | None]:
    return {
        "id": name, "channel": channel, "topic": topic, "author": author, "at": at.isoformat(), "text": text,
        "reply_to": post,
    }  # fmt: skip


def write(path: Path, threads: int, seed: int = 1, start: datetime = START) -> Path:
    """Write an archive in the order of time."""
    found = sorted(messages(threads, seed, start), key=lambda message: str(message["at"]))
    path.write_text("".join(json.dumps(message) + "\n" for message in found), encoding="utf-8")
    return path
