"""Which threads go on at present, and what is known of each: read off the index."""

import sys
from collections.abc import Collection
from dataclasses import dataclass

from services.recommend.index import Index


@dataclass(frozen=True, slots=True)
class OpenThread:
    """A thread by its post; people are numbers, `last` is when and `last_by` by whom the last message was written."""

    row: int
    post: str
    channel: str
    author: int
    started: float
    last: float
    last_by: int
    messages: int
    people: Collection[int]


def open_threads(index: Index, since: float, most: int = sys.maxsize) -> list[OpenThread]:
    """Give the threads that began at `since` (seconds since 1970) or later, the most recently active ones first.

    Only the `most` that began last are looked at. Of those that were active at the same time the one with the lower
    id comes first.
    """
    threads = [_open(index, row) for row in index.threads.since(since)[-most:]]
    return sorted(threads, key=lambda thread: (-thread.last, thread.post))


def _open(index: Index, row: int) -> OpenThread:
    threads = index.threads
    started, author = threads.ats[row], threads.authors[row]
    began = started, "", author
    last, _, last_by = max([began, *threads.written[row][-1:]])
    people = threads.messages[row]
    return OpenThread(
        row,
        threads.ids[row],
        threads.channels[row],
        author,
        started,
        last,
        last_by,
        sum(people.values()),
        people.keys(),
    )


def may_join(index: Index, thread: OpenThread, member: int) -> bool:
    """Say whether somebody who reads a thread has not written in it yet."""
    return member not in thread.people and index.reads(member, thread.channel)
