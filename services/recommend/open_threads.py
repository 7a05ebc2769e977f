"""Which threads go on at present, and what is known of each: read off the index, as arrays."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.recommend.index import Index

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OpenThreads:
    """Threads by their posts; `facts` (threads,) has of each what `threads.FACTS` names."""

    posts: list[str]
    facts: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.posts)

    def of(self, places: NDArray[np.intp]) -> "OpenThreads":
        """Choose the threads in some places."""
        return OpenThreads([self.posts[place] for place in places.tolist()], self.facts[places])


def open_threads(index: Index, since: float, most: int = sys.maxsize) -> OpenThreads:
    """Give the threads that began at `since` (seconds since 1970) or later, the most recently active ones first.

    Only the `most` that began last are looked at. Of those that were active at the same time the one with the lower
    id comes first.
    """
    threads = index.threads
    rows = threads.since(since)[-most:]
    lasts = dict(zip(rows, threads.facts["last"][rows].tolist(), strict=True))
    rows.sort(key=lambda row: (-lasts[row], threads.ids[row]))
    return OpenThreads([threads.ids[row] for row in rows], threads.facts[rows])


def in_channels(index: Index, threads: OpenThreads, wanted: Callable[[str], bool]) -> Mask:
    """Say which threads are in channels that are wanted: shape (threads,)."""
    channels = threads.facts["channel"]
    return np.isin(channels, [n for n in np.unique(channels).tolist() if wanted(index.threads.channel_names[n])])


def may_join(index: Index, threads: OpenThreads, member: int) -> Mask:
    """Say which threads somebody reads and has not written in yet: shape (threads,)."""
    since = float(threads.facts["began"].min(initial=np.inf))
    written_in = np.isin(threads.facts["row"], index.threads.joined(member, since))
    return in_channels(index, threads, partial(index.reads, member)) & ~written_in
