"""What is derived of posts: their words and meaning, and who took part in their threads.

Each post has a row while the community is in memory; rows follow the order of arrival, with gaps where posts
were removed.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.arrays import grown
from services.recommend.bm25 import Bm25
from services.recommend.profile import PUBLIC
from services.recommend.text import tokenise
from services.recommend.vectors import similarities

Rows = NDArray[np.integer[Any]] | Sequence[int]

# What is known of a thread at present: people and channels are numbers, times are in seconds since 1970, `last` is
# when and `last_by` by whom its last message was written, and there are so many `messages` by so many `people`.
FACTS = np.dtype(
    [
        ("row", np.int32), ("channel", np.int32), ("author", np.int32), ("began", np.float64), ("last", np.float64),
        ("last_by", np.int32), ("messages", np.int32), ("people", np.int32),
    ]
)  # fmt: skip


class Threads:
    """Arrays and lists are by row."""

    def __init__(self, dimension: int) -> None:
        self.rows: dict[str, int] = {}
        self.ids: list[str] = []
        self.channels: list[str] = []
        self.authors: list[int] = []
        self.ats: list[float] = []
        self.answerers: list[dict[int, int]] = []  # person -> answers, in somebody else's thread
        self.messages: list[dict[int, int]] = []  # person -> messages, the post itself included
        self.written: list[list[tuple[float, str, int]]] = []  # replies of anybody: at, reply, person; by time
        self.in_channel: dict[str, set[int]] = {}
        self.channel_names: list[str] = []  # by number
        self.facts: NDArray[np.void] = np.zeros(0, FACTS)
        self._channel_numbers: dict[str, int] = {}
        self._by_time: list[tuple[float, int]] = []  # at, row
        self._took_part: dict[int, list[tuple[float, int]]] = {}
        self._words = Bm25()
        self._matrix: NDArray[np.float32] = np.zeros((0, dimension), np.float32)
        self._answered: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._public: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._ats: NDArray[np.float64] = np.zeros(0)

    # What changes

    def add(self, post: str, channel: str, author: int, at: float) -> int:
        """Give a new post a row; it has no words yet."""
        row = self.rows[post] = len(self.ids)
        self.ids.append(post)
        self.channels.append(channel)
        self.authors.append(author)
        self.ats.append(at)
        self.answerers.append({})
        self.messages.append({})
        self.written.append([])
        insort(self._by_time, (at, row))
        self.in_channel.setdefault(channel, set()).add(row)
        self._matrix = grown(self._matrix, row + 1)
        self._answered = grown(self._answered, row + 1)
        self._public = grown(self._public, row + 1)
        self._ats = grown(self._ats, row + 1)
        self._ats[row] = at
        self.facts = grown(self.facts, row + 1)
        self.facts[row] = row, self._channel_number(channel), author, at, at, author, 0, 0
        self.take_part(row, author, 1)
        return row

    def write(self, row: int, words: str, vector: NDArray[np.int16], scope: str) -> None:
        """Index a post's words and meaning; `vector` is quantised."""
        self._words.add(row, tokenise(words), scope)
        self._matrix[row] = vector
        self._public[row] = scope == PUBLIC

    def rewrite(self, row: int, old: str, new: str, vector: NDArray[np.int16], scope: str) -> None:
        self._words.replace(row, tokenise(old), tokenise(new), scope)
        self._matrix[row] = vector

    def move(self, row: int, words: str, scope: str, to: str) -> None:
        """Take a post from one scope into another."""
        terms = tokenise(words)
        self._words.count(terms, scope, -1)
        self._words.count(terms, to, 1)
        self._public[row] = to == PUBLIC

    def remove(self, post: str, words: str, scope: str) -> None:
        """Take a post out; its row stays empty."""
        row = self.rows.pop(post)
        self._words.remove(row, tokenise(words), scope)
        self._matrix[row] = 0
        self._answered[row] = False
        for person in self.messages[row]:
            self._leave(row, person)
        self.answerers[row], self.messages[row], self.written[row] = {}, {}, []
        del self._by_time[bisect_left(self._by_time, (self.ats[row], row))]
        self.in_channel[self.channels[row]].discard(row)
        self.ids[row] = ""

    def _channel_number(self, channel: str) -> int:
        if channel not in self._channel_numbers:
            self._channel_numbers[channel] = len(self.channel_names)
            self.channel_names.append(channel)
        return self._channel_numbers[channel]

    def take_part(self, row: int, person: int, by: int) -> None:
        """Count a message of the thread, or with -1 take one away."""
        messages = self.messages[row]
        if person not in messages:
            insort(self._took_part.setdefault(person, []), (self.ats[row], row))
        messages[person] = messages.get(person, 0) + by
        if not messages[person]:
            del messages[person]
            self._leave(row, person)
        facts = self.facts[row]
        facts["messages"] += by
        facts["people"] = len(messages)

    def reply(self, row: int, reply: str, person: int, at: float, by: int) -> None:
        """Take in a reply in the thread, by its author too, or with -1 take it out."""
        self.take_part(row, person, by)
        written, entry = self.written[row], (at, reply, person)
        if by > 0:
            insort(written, entry)
        else:
            del written[bisect_left(written, entry)]
        # A reply whose clock was behind does not come before its post.
        last, _, last_by = max([(self.ats[row], "", self.authors[row]), *written[-1:]])
        self.facts["last"][row], self.facts["last_by"][row] = last, last_by

    def answer(self, row: int, person: int, by: int) -> None:
        """Count an answer in the thread, or with -1 take one away."""
        answers = self.answerers[row]
        answers[person] = answers.get(person, 0) + by
        if not answers[person]:
            del answers[person]
        self._answered[row] = bool(answers)

    def _leave(self, row: int, person: int) -> None:
        threads = self._took_part[person]
        del threads[bisect_left(threads, (self.ats[row], row))]

    # What is asked

    def seen(self, scopes: Sequence[str]) -> NDArray[np.bool_]:
        """Which posts are in these scopes: shape (rows,)."""
        seen = self._public[: len(self.ids)] & (PUBLIC in scopes)
        for scope in scopes:
            if scope != PUBLIC:
                seen[list(self.in_channel.get(scope, ()))] = True
        return seen

    def answered(self, since: float, scopes: Sequence[str]) -> NDArray[np.bool_]:
        """Which posts in scopes, of `since` or later (seconds since 1970), somebody else has answered: (rows,)."""
        size = len(self.ids)
        answered: NDArray[np.bool_] = self._answered[:size] & (self._ats[:size] >= since) & self.seen(scopes)
        return answered

    def since(self, at: float) -> list[int]:
        """Give the rows of all posts of `at` (seconds since 1970) or later, by time."""
        return [row for _, row in self._by_time[bisect_left(self._by_time, (at, -1)) :]]

    def ages(self, rows: NDArray[np.intp], now: float) -> NDArray[np.float64]:
        """How old posts are as of `now`, in seconds: shape (len(rows),)."""
        ages: NDArray[np.float64] = now - self._ats[rows]
        return ages

    def vector(self, row: int) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._matrix[row]
        return vector

    def cosines(self, vector: NDArray[np.int16], asked: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Compare at least the posts that are asked for with a quantised vector: shape (rows,), others may be 0."""
        # Old posts come first: leaving them out spares most of the matrix, which does not fit into a cache.
        cosines = np.zeros(len(self.ids))
        if asked.any():
            first = int(asked.argmax())
            cosines[first:] = similarities(self._matrix[first : len(cosines)], vector)
        return cosines

    def cosines_of(self, rows: Sequence[int], vector: NDArray[np.generic]) -> NDArray[np.float64]:
        """Compare some posts with a quantised vector: shape (len(rows),)."""
        return similarities(self._matrix[list(rows)], vector)

    def cosines_between(self, rows: Rows, others: Rows) -> NDArray[np.float64]:
        """Compare posts with others: shape (len(others), len(rows))."""
        return similarities(self._matrix[others], self._matrix[rows].T)

    def word_scores(self, words: str, terms: int, scopes: Sequence[str]) -> NDArray[np.float64]:
        """Score every post in scopes for the words of a text by BM25, its `terms` rarest: shape (rows,)."""
        return self._words.scores(tokenise(words), len(self.ids), terms, scopes)

    def joined(self, person: int, since: float) -> list[int]:
        """Give the rows of all threads that somebody has written in, started at `since` or later, by time."""
        threads = self._took_part.get(person, [])
        return [row for _, row in threads[bisect_left(threads, (since, -1)) :]]

    def taken_by(self, person: int, since: float, most: int, seen: NDArray[np.bool_]) -> list[int]:
        """Rows of the latest `most` threads of `seen` that somebody took part in, started at `since` or later.

        Newest first; ties by arrival.
        """
        threads = self._took_part.get(person, [])
        places = range(len(threads) - 1, bisect_left(threads, (since, -1)) - 1, -1)
        rows = (threads[place][1] for place in places)
        return list(islice((row for row in rows if seen[row]), most))
