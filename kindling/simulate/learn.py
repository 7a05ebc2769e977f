"""Training within a simulation: at midnights of event time, from what happened before, while the clock stands."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kindling.memory import Artefacts, Vectors
from kindling.simulate.chain import Chain, Heard
from services.recommend.encoding import encoder_of
from services.recommend.models import Models, sha256
from services.recommend.promote import in_use
from services.recommend.settings import RecommendSettings
from services.recommend.train import TooYoung, train
from services.recommend.walk import History
from shared.events import ModelPromoted

Made = dict[str, Models | None]


class Training:
    """Trains a chain's models; what was learnt of the same history is learnt once, and shared by way of `made`."""

    def __init__(self, rules: RecommendSettings, vectors: Vectors, artefacts: Artefacts, made: Made) -> None:
        self._rules = rules
        self._vectors = vectors
        self._artefacts = artefacts
        self._made = made

    async def train(self, chain: Chain, community: str, at: datetime, told: Callable[[int, int], None]) -> Heard:
        """Learn from what is known at a time, and have it rank where it does no worse; nothing where that is little."""
        history, used = History.of(chain.known), in_use(chain.known, encoder_of(self._vectors.version))
        key = _key(history, used)
        if key not in self._made:
            try:
                vectors = await self._read(history)
                version, size = self._vectors.version, self._vectors.dimension
                self._made[key] = train(self._rules, version, size, history, vectors, used, told)
            except TooYoung:
                self._made[key] = None
        made = self._made[key]
        if made is None or made.card["held_out"]["mrr"]["this"] < made.card["held_out"]["mrr"]["in_use"]:
            return Heard()
        self._artefacts[made.id] = made.artefact()
        promoted = ModelPromoted(
            id=f"model/{made.id}/{at.isoformat()}", source="kindling/models", at=at, community=community,
            model=made.id, artefact=made.id, sha256=sha256(made.artefact()),
        )  # fmt: skip
        return await chain.hear([promoted])

    async def _read(self, history: History) -> dict[str, NDArray[np.int16]]:
        texts = [text for text in history.texts() if text.strip()]
        nothing = np.zeros(self._vectors.dimension, np.int16)
        found = dict.fromkeys(history.texts(), nothing)
        if texts:
            found |= zip(texts, await self._vectors.vectors("", texts), strict=True)
        return found


def _key(history: History, used: Models) -> str:
    """Name what is learnt from, and what that is compared with."""
    posts = [(name, post.at.isoformat(), post.author, post.words()) for name, post in sorted(history.posts.items())]
    replies = [(name, one.post, one.at.isoformat(), one.author) for name, one in sorted(history.replies.items())]
    people = [(name, member.bot) for name, member in sorted(history.members.items())]
    asked = [(name, one.at.isoformat()) for name, one in sorted(history.asked.items())]
    said = json.dumps([posts, replies, asked, people, sorted(history.readers), sorted(history.channels), used.id])
    return hashlib.sha256(said.encode()).hexdigest()
