"""One backtest: an archive goes through recommend and nudge once, day by day, and is then held against the truth."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from kindling.backtest.asked import Asked
from kindling.backtest.chain import COMMUNITY, Chain
from kindling.backtest.eligible import Source, eligible
from kindling.backtest.learning import Learning
from kindling.backtest.reading import Reading
from kindling.backtest.results import DAY, Backtest
from kindling.backtest.truth import judged_until, posts_of
from kindling.replay.drive import days
from services.ingest.mapping import ArchiveMap
from services.nudge.settings import NudgeSettings
from services.recommend.ports import Encoder
from services.recommend.settings import RULES_VERSION, RecommendSettings
from services.recommend.walk import History
from shared.events import Tick

SELDOM = {"posts_every_minutes": 1440.0, "posts_offered": 1, "peers_every_days": 3650.0}

# Told what is being done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


@dataclass
class Run:
    """`encoder` makes the vectors; `progress` is told how far it is; `messages` ends it after so many lines."""

    archive: Path
    recommend: RecommendSettings
    nudge: NudgeSettings
    encoder: Encoder
    progress: Progress
    known: ArchiveMap = field(default_factory=ArchiveMap)
    messages: int | None = None

    async def backtest(self) -> Backtest:
        """Do it; ValueError for an archive with nothing to judge."""
        who = eligible(self.known, everybody=self.nudge.ask_members)
        reading = Reading(self.archive, self.known, who.rule, self.messages)
        asked = Asked(everybody=who.source is Source.EVERYBODY)
        # Lists for members, of which nudge knows nothing, would take longer than all else.
        ranking = self.recommend.model_copy(update=SELDOM)
        chain = await Chain.open(ranking, self.nudge, self.encoder)
        learning = Learning(ranking, chain, lambda done, total: self.progress("learning", done, total))
        await self._drive(reading, chain, learning, asked)
        history = History.of(chain.recommend.working.documents)
        posts = posts_of(history, asked.asks, judged_until(history))
        if not posts:
            raise ValueError("no post by a person is older than its last seven days")
        return Backtest(
            archive=self.archive.name,
            model=f"{RULES_VERSION}/{self.encoder.version}",
            eligible=who.told,
            facts=_facts(history, reading, learning),
            posts=posts,
        )

    async def _drive(self, reading: Reading, chain: Chain, learning: Learning, asked: Asked) -> None:
        total = await asyncio.to_thread(reading.total)
        last: datetime | None = None
        for day, events in days(reading.events(COMMUNITY)):
            self.progress(f"{day.date()}, {len(asked.asks):,} asks", reading.lines, total)
            last = day + timedelta(days=1)
            await chain.take([*events, _tick(last)], asked.see)
            await learning.learn(last)
        if last is not None:
            # What the last posts' timers bring.
            await chain.take([_tick(last + self.nudge.opportunity)], asked.see)


def _tick(at: datetime) -> Tick:
    return Tick(id=f"tick/{at.isoformat()}", source="kindling/backtest", at=at, partition=0)


def _facts(history: History, reading: Reading, learning: Learning) -> dict[str, float]:
    ats = [one.at.timestamp() for facts in (history.posts, history.replies) for one in facts.values()]
    return {
        "messages": len(ats),
        "posts": len(history.posts),
        "people": sum(not member.bot for member in history.members.values()),
        "channels": len(history.channels),
        "days": round((max(ats) - min(ats)) / DAY),
        "models learnt on the way": learning.trained,
        "lines that were no messages": reading.rejected,
    }
