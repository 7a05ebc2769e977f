"""A small community to recommend in: events with short names, and vectors that need no model."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from services.recommend.state import State
from services.recommend.text import tokenise
from services.recommend.vectors import quantise
from shared.events import (
    ChannelChanged,
    ChannelOpened,
    Event,
    Kind,
    MatchesRanked,
    MemberJoined,
    NudgeIssued,
    PostPublished,
    Privacy,
    ReplyPublished,
    Role,
)
from shared.service import Moment
from shared.state import Documents
from tests.driving import Driven

START = datetime(2024, 3, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_IDS = count()


class HashedVectors:
    """Same words, near texts; `calls` are the texts asked for, `discarded` those given up, `kept` what is left."""

    version: str = "hashed"
    dimension: int = 12

    def __init__(self, version: str = version, dimension: int = dimension) -> None:
        self.version = version
        self.dimension = dimension
        self.calls: list[str] = []
        self.discarded: list[str] = []
        self.kept: set[str] = set()

    async def vectors(self, _community: str, texts: Sequence[str]) -> NDArray[np.int16]:
        self.calls += texts
        self.kept |= set(texts)
        return np.array([self.vector(text) for text in texts])

    async def discard(self, _community: str, texts: Sequence[str]) -> None:
        self.discarded += texts
        self.kept -= set(texts)

    def vector(self, text: str) -> NDArray[np.int16]:
        total = np.zeros(self.dimension)
        for word in tokenise(text):
            # The others' numbers are others, too.
            named = word if self.version == "hashed" else f"{self.version} {word}"
            total += np.frombuffer(hashlib.sha256(named.encode()).digest()[: self.dimension], np.int8)
        return quantise(total)


class KeptModels:
    """Artefacts in memory, by id."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    async def get(self, _community: str, artefact: str) -> bytes | None:
        return self.bodies.get(artefact)


class Place:
    """A community in recommend, with what is stored of it; `open_again` is what a restart does."""

    def __init__(
        self,
        settings: RecommendSettings | None = None,
        stored: dict[str, bytes] | None = None,
        vectors: HashedVectors | None = None,
        second: HashedVectors | None = None,
    ) -> None:
        self.vectors = vectors or HashedVectors()
        self.second = second
        self.artefacts = KeptModels()
        self.service = Recommend(settings or RecommendSettings(), self.vectors, self.artefacts, second)
        self.stored = dict(stored or {})
        documents = Documents(dict(self.stored))
        state = asyncio.run(self.service.open("c", documents))
        self.driven: Driven[State] = Driven(self.service, state, documents)

    @property
    def state(self) -> State:
        return self.driven.state

    @property
    def documents(self) -> Documents:
        return self.driven.documents

    def open_again(self) -> "Place":
        """Open the community anew from what is stored."""
        one, other = ((v and HashedVectors(v.version, v.dimension)) for v in (self.vectors, self.second))
        again = Place(self.state.settings, self.stored, one, other)
        again.driven.clock = self.driven.clock
        return again

    def see(self, *events: Event) -> list[Event]:
        """Handle events one by one; give all that was emitted."""
        out: list[Event] = []
        for event in events:
            self.driven.aids = asyncio.run(self.service.prepare(self.state, [event]))
            out += self.driven.step(event)
        changes = self.documents.take_changes()
        if changes.clears:
            self.stored.clear()
        for name in changes.drops:
            self.stored.pop(name, None)
        self.stored |= changes.puts
        return out

    def ranked(self, event: PostPublished) -> MatchesRanked | None:
        """Handle a post; give what was said of it."""
        found = [e for e in self.see(event) if isinstance(e, MatchesRanked)]
        return found[0] if found else None

    def would_rank(self, event: PostPublished) -> list[Event]:
        """Say what a post would give, on a copy."""
        copy = self.open_again()
        return copy.see(event)

    def moment(self) -> Moment:
        assert self.driven.clock is not None
        return Moment(self.driven.clock)


def _fields(at: datetime) -> dict[str, Any]:
    return {"id": f"e{next(_IDS):09}", "source": "test", "community": "c", "at": at}


def made(kind: type[Event], at: datetime = START, **more: Any) -> Any:
    """Make any event of the community."""
    return kind(**{**_fields(at), **more})


def post(message: str, author: str, text: str = "hello there", at: datetime = START, **more: Any) -> PostPublished:
    return PostPublished(
        **{**_fields(at), "channel": "general", "message": message, "author": author, "text": text, **more}
    )


def reply(message: str, to: str, author: str, at: datetime = START, **more: Any) -> ReplyPublished:
    fields = {**_fields(at), "message": message, "post": to, "channel": "general", "author": author, "text": "try this"}
    return ReplyPublished(**{**fields, **more})


def channel(name: str = "general", privacy: Privacy = Privacy.PUBLIC, members: Iterable[str] = ()) -> ChannelOpened:
    return made(ChannelOpened, START - DAY, channel=name, privacy=privacy, members=tuple(members))  # type: ignore[no-any-return]


def let_in(name: str, *members: str, at: datetime = START) -> ChannelChanged:
    return made(ChannelChanged, at, channel=name, joined=members)  # type: ignore[no-any-return]


def joined(member: str, at: datetime = START - DAY, **more: Any) -> MemberJoined:
    return made(MemberJoined, at, member=member, **more)  # type: ignore[no-any-return]


def asked(about: str, member: str, at: datetime, **more: Any) -> NudgeIssued:
    """Make what nudge says when it asks somebody about a post."""
    fields = {
        **_fields(at), "nudge": f"{about}/{member}", "member": member, "post": about, "kind": Kind.REPLY,
        "channel": "general", "role": Role.CHAMPION, "rank": 1, "score": 0.5, "propensity": 1.0, "evidence": (),
        "features": {}, "model": "m", "expires": at + DAY,
    }  # fmt: skip
    return NudgeIssued(**{**fields, **more})


def names(ranked: MatchesRanked | None) -> list[str]:
    """Name who was matched, best first."""
    return [] if ranked is None else [match.member for match in ranked.matches]


def settings(**more: Any) -> RecommendSettings:
    return RecommendSettings.model_validate(more)
