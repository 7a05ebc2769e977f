"""One simulation: a world and a policy, driven through the real services in small steps of event time.

hello -> what was before the start -> learn -> (advance the world -> services -> nudges to the world), again -> finish
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from kindling.memory import Artefacts, Vectors
from kindling.simulate.chain import Chain, Heard, Remembered
from kindling.simulate.learn import Made, Training
from kindling.simulate.measure import Measure
from kindling.simulate.opening import Rules, facts
from kindling.simulate.policies import Watching
from kindling.simulate.protocol import Opening, WorldError, WorldReport
from kindling.simulate.world import World
from services.nudge.handlers import Nudge
from services.nudge.settings import NudgeSettings
from services.recommend.handlers import Recommend
from services.recommend.settings import RecommendSettings
from shared.events import CommunityEvent, NudgeExpired, NudgeIssued, NudgeWithdrawn

# As posts that fall due together are given to people together: nothing is decided between.
STEP: Final = timedelta(minutes=15)
# A Monday; what a world is proposed to begin at.
START: Final = datetime(2026, 1, 5, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Told how far the clock has come, as a share of all, and what is being done.
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Span:
    """How long to simulate: up to a time, or so many days from where the world begins."""

    until: datetime | None = None
    days: int = 90

    def proposed(self) -> datetime:
        """Give the end as the world is told it before it has said when it begins."""
        return self.until or START + timedelta(days=self.days)

    def end(self, start: datetime) -> datetime:
        end = self.until or start + timedelta(days=self.days)
        if end <= start:
            raise WorldError(
                f"the world begins at {start.isoformat()}, and is to end at {end.isoformat()}: choose a later --until"
            )
        return end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a simulation: what the world says, and what was seen of it."""

    world: WorldReport
    seen: dict[str, Any]


@dataclass
class Simulation:
    """`train_every` is the event time between trainings, None for none."""

    recommend: RecommendSettings
    nudge: NudgeSettings
    vectors: Vectors
    span: Span
    train_every: timedelta | None
    made: Made = field(default_factory=dict)
    remembered: Remembered = field(default_factory=dict)

    async def run(self, world: World, policy: Watching, seed: int, progress: Progress) -> Outcome:
        """Simulate to the end, and end the world.

        Raises:
            WorldError: the world spoke wrongly, ended or hung.
        """
        try:
            opening = await world.hello(seed, START, self.span.proposed())
            end = self.span.end(opening.start)
            rules = Rules(self.recommend, self.nudge, opening.settings)
            artefacts = Artefacts()
            chain = await Chain.open(
                opening.community, Recommend(rules.recommend, self.vectors, artefacts), Nudge(rules.nudge, policy)
            )
            training = Training(rules.recommend, self.vectors, artefacts, self.made)
            run = _Run(world, policy, chain, training, opening, end, self.train_every, progress)
            await run.begin(self.remembered)
            await run.go_on()
            return Outcome(await world.finish(), run.measure.figures(end))
        finally:
            await world.close()


class _Run:
    def __init__(
        self,
        world: World,
        policy: Watching,
        chain: Chain,
        training: Training,
        opening: Opening,
        end: datetime,
        train_every: timedelta | None,
        progress: Progress,
    ) -> None:
        self.measure = Measure(opening.start)
        self._world, self._policy, self._chain, self._training = world, policy, chain, training
        self._opening, self._end, self._every, self._progress = opening, end, train_every, progress
        self._now = opening.start

    async def begin(self, remembered: Remembered) -> None:
        """Take in who is there and what was before the start, and learn from it."""
        await self._say(await self._chain.hear(list(facts(self._opening))))
        # The clock stands at the start: nobody is asked about what is older than that allows.
        await self._say(self._chain.tick(self._now))
        self._progress(0.0, "what was before")
        history = await self._world.advance(self._now)
        await self._say(await self._chain.take_history(history, self._now, remembered))
        await self._learn()

    async def go_on(self) -> None:
        """Advance to the end."""
        learn_at = None if self._every is None else self._now + self._every
        while self._now < self._end:
            to = min(self._next(), learn_at or self._end)
            activity = await self._world.advance(to)
            await self._say(await self._chain.take(activity, to))
            await self._say(self._chain.tick(to))
            self._now = to
            self._progress((to - self._opening.start) / (self._end - self._opening.start), to.date().isoformat())
            if learn_at is not None and to >= learn_at and self._every is not None:
                await self._learn()
                learn_at += self._every

    def _next(self) -> datetime:
        """Give the next quarter of an hour, or what is due before: a nudge reaches the world at its own time."""
        border = _EPOCH + ((self._now - _EPOCH) // STEP + 1) * STEP
        due = self._chain.next_due()
        return min(self._end, border, due if due is not None and due > self._now else border)

    async def _learn(self) -> None:
        if self._every is None:
            return

        def told(done: int, total: int) -> None:
            share = (self._now - self._opening.start) / (self._end - self._opening.start)
            self._progress(share, f"learning, {100 * done // max(total, 1)} %")

        await self._say(await self._training.train(self._chain, self._opening.community, self._now, told))

    async def _say(self, heard: Heard) -> None:
        """Note what happened, and tell the world what was decided."""
        self._see(heard.activity)
        self.measure.see(heard.decisions)
        for event in heard.decisions:
            if isinstance(event, NudgeIssued):
                await self._world.nudge(event)
            elif isinstance(event, NudgeWithdrawn | NudgeExpired):
                await self._world.withdrawn(event)

    def _see(self, activity: Iterable[CommunityEvent]) -> None:
        for event in activity:
            self._policy.see(event)
        self.measure.see(activity)
