"""Which threads go on at present: kept up message by message, and dropped when they have been still for long."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class OpenThread:
    """A thread by its post; `last` is when and `last_by` by whom the last message was written."""

    post: str
    channel: str
    author: int
    started: float
    last: float
    last_by: int
    messages: int = 1
    people: set[int] = field(default_factory=set)


class OpenThreads:
    """Threads with a message within so many seconds, the most recently active last."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads: OrderedDict[str, OpenThread] = OrderedDict()

    def start(self, post: str, channel: str, author: int, at: float) -> None:
        """Take in a new post."""
        self._threads[post] = OpenThread(post, channel, author, at, at, author, 1, {author})

    def write(self, post: str, channel: str, author: int, started: float, person: int, at: float) -> None:
        """Take in a reply in a thread, which may have been still for long."""
        thread = self._threads.get(post)
        if thread is None:
            thread = self._threads[post] = OpenThread(post, channel, author, started, at, person, 1, {author})
        thread.last, thread.last_by = at, person
        thread.messages += 1
        thread.people.add(person)
        self._threads.move_to_end(post)

    def at(self, now: float) -> Iterator[OpenThread]:
        """Give the threads that are open at `now`, the most recently active first; drops those that are not."""
        while self._threads and next(iter(self._threads.values())).last < now - self._seconds:
            self._threads.popitem(last=False)
        return reversed(self._threads.values())
