"""One evaluation: an archive is read and embedded, walked once, and every task looks on."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kindling.evaluate.archive import Reading
from kindling.evaluate.peers import Peers
from kindling.evaluate.posts import Posts
from kindling.evaluate.responders import Responders
from kindling.evaluate.results import Evaluation, Ranked, Silence, Task
from kindling.evaluate.silence_task import SilenceTask
from kindling.evaluate.split import Split
from services.ingest.mapping import ArchiveMap
from services.recommend.ports import Encoder
from services.recommend.settings import RULES_VERSION, RecommendSettings
from services.recommend.spans import DAY
from services.recommend.walk import History, Step, Vectors, walk

_BATCH = 256

# Told what is being done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


class Looking(Protocol):
    """A task: it looks on at each step, and then says what it found."""

    def see(self, step: Step) -> None: ...

    def finish(self) -> Ranked | Silence: ...


@dataclass
class Run:
    """`encoder` makes the vectors; `progress` is told how far it is.

    With `ablate` it is learnt once more without each group of features.
    """

    archive: Path
    settings: RecommendSettings
    encoder: Encoder
    progress: Progress
    known: ArchiveMap = field(default_factory=ArchiveMap)
    ablate: bool = False

    async def evaluate(self, tasks: Collection[Task]) -> Evaluation:
        """Evaluate the tasks; ValueError for an archive that there is nothing to learn of."""
        self.progress("reading the archive", 0, 1)
        reading = Reading(self.known)
        history = reading.read(self.archive)
        split = Split.of(history)
        vectors = await self._vectors(history)
        looking = self._looking(tasks, history, vectors, split)
        self._walk(history, vectors, list(looking.values()), split)
        found = {task: looked.finish() for task, looked in looking.items()}
        ranked = tuple(one for one in found.values() if isinstance(one, Ranked))
        silence = next((one for one in found.values() if isinstance(one, Silence)), None)
        model = f"{RULES_VERSION}/{self.encoder.version}"
        return Evaluation(self.archive.name, model, _facts(history, reading.rejected), ranked, silence)

    def _looking(
        self, tasks: Collection[Task], history: History, vectors: Vectors, split: Split
    ) -> dict[Task, Looking]:
        looking: dict[Task, Looking] = {}
        if Task.RESPONDERS in tasks:
            looking[Task.RESPONDERS] = Responders(self.settings, history, vectors, split, self.ablate)
        if Task.POSTS in tasks:
            looking[Task.POSTS] = Posts(self.settings, history, vectors, split)
        if Task.PEERS in tasks:
            looking[Task.PEERS] = Peers(self.settings, history, vectors, split)
        if Task.SILENCE in tasks:
            looking[Task.SILENCE] = SilenceTask(history, vectors)
        return looking

    async def _vectors(self, history: History) -> Vectors:
        """Embed all posts; what a file keeps from an earlier run is not made again."""
        texts = history.texts()
        vectors: dict[str, NDArray[np.int16]] = {}
        said = [text for text in texts if text.strip()]
        for start in range(0, len(said), _BATCH):
            self.progress("embedding posts", start, len(said))
            batch = said[start : start + _BATCH]
            vectors |= zip(batch, await self.encoder.encode(batch), strict=True)
        for text in texts:
            if text not in vectors:
                vectors[text] = np.zeros(self.encoder.dimension, np.int16)
        return vectors

    def _walk(self, history: History, vectors: Vectors, looking: list[Looking], split: Split) -> None:
        done, total = 0, len(history.posts) + len(history.replies)
        for step in walk(self.settings, self.encoder.dimension, history, vectors):
            for task in looking:
                task.see(step)
            done += len(step.posts) + len(step.replies)
            doing = "learning" if step.now < split.test else "judging"
            self.progress(f"walking through the history, {doing}", done, total)


def _facts(history: History, rejected: int) -> dict[str, float]:
    ats = [post.at.timestamp() for post in history.posts.values()]
    ats += [reply.at.timestamp() for reply in history.replies.values()]
    return {
        "messages": len(ats),
        "threads": len(history.posts),
        "people": sum(not member.bot for member in history.members.values()),
        "channels": len(history.channels),
        "days": round((max(ats) - min(ats)) / DAY),
        "lines that were no messages": rejected,
    }
