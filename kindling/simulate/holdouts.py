"""Many simulated holdouts of which the truth is known: does the interval hold it, on every day that one looks?

Posts that somebody is about to be asked about come one after the other; which of them are left alone is drawn as the
product draws it, and what is learnt of them is reckoned as the product reckons it. Nothing else of it is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np

from kindling.simulate.community.curves import GRID, Base, spread_of
from kindling.simulate.community.parameters import HOURS, Parameters
from services.nudge.documents import Running
from services.nudge.effect import OF_WEEKS, Effect, effect, with_outcome
from services.nudge.hold import chance_draw
from services.nudge.switchback import WEEKS_EXPECTED_OF

# Whoever is asked is so when a post has waited for so many hours, and their reply counts up to a day later.
_ASKED_AT, _UNTIL = 4.0, 28.0


class Odds(NamedTuple):
    """How likely a post is to be answered in time if left alone, and if asked about; and what was forecast."""

    alone: float
    asked: float
    forecast: float


class Posts(Protocol):
    """Posts of a community, with the truth about asking."""

    @property
    def truth(self) -> float:
        """Give by how much more often they are answered where somebody is asked, on average."""
        ...

    def draw(self, chance: np.random.Generator, place: float) -> Odds:
        """Draw one; `place` is how far the holdout has come, from 0 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Alike:
    """Posts of one chance, or that lean to either side of it by up to `lean`, which is foreseen; asking adds the same.

    Over the holdout the chance shifts by `drift`, which is not foreseen.
    """

    alone: float
    asked: float
    lean: float = 0.0
    drift: float = 0.0

    @property
    def truth(self) -> float:
        return self.asked - self.alone

    def draw(self, chance: np.random.Generator, place: float) -> Odds:
        lean = float(chance.uniform(-self.lean, self.lean)) if self.lean else 0.0
        shift = lean + self.drift * place
        return Odds(self.alone + shift, self.asked + shift, self.alone + lean if self.lean else 0.0)


class LikeCommunity:
    """Posts as in the built-in community: asked after four hours, somebody replies with chance `replies`, or none."""

    def __init__(self, parameters: Parameters, replies: float) -> None:
        silent = parameters.still_open[HOURS.index(24)]
        self._replies, self._hidden = replies, parameters.hidden
        self._visible = spread_of(parameters.told_apart, silent, parameters.hidden)
        spread = float(np.hypot(self._visible, self._hidden))
        base = Base.of(parameters.still_open, spread)
        self._before = base.hazard(_ASKED_AT)
        self._after = base.hazard(_UNTIL) - self._before
        factors = np.exp(spread * GRID)
        # Only posts that are open still are asked about.
        reached = np.exp(-self._before * factors)
        self.truth = replies * float((reached * np.exp(-self._after * factors)).sum() / reached.sum())

    def draw(self, chance: np.random.Generator, place: float) -> Odds:
        while True:
            seen = float(np.exp(self._visible * chance.normal()))
            factor = seen * float(np.exp(self._hidden * chance.normal()))
            if chance.random() < np.exp(-self._before * factor):
                break
        silent = float(np.exp(-self._after * factor))
        return Odds(1 - silent, 1 - silent * (1 - self._replies), 1 - float(np.exp(-self._after * seen)))


@dataclass(frozen=True, slots=True)
class HoldoutWorld:
    """A community that leaves a `share` of its posts alone: so many `posts` in all, `a_day` of them, then one looks."""

    title: str
    share: float
    of: Posts
    a_day: int = 5
    posts: int = 1500

    def looks(self, seed: int) -> list[tuple[int, Effect]]:
        """Give what is seen day by day over one holdout, from when there is anything on: after how many posts, what."""
        chance = np.random.default_rng(seed)
        running, seen = Running(), []
        for post in range(self.posts):
            held = chance_draw(f"{self.title}/{seed}", f"{post}", "holdout") < self.share
            odds = self.of.draw(chance, post / self.posts)
            outcome = float(chance.random() < (odds.alone if held else odds.asked))
            running = with_outcome(running, outcome, held=held, share=self.share, forecast=odds.forecast)
            if post % self.a_day == 0 and (found := effect(running)) is not None:
                seen.append((post + 1, found))
        return seen


@dataclass(frozen=True, slots=True)
class WeeksWorld:
    """A community that asks nobody in a `share` of its weeks: so many `weeks` of so many posts; then one looks.

    Weeks differ by more than chance, by `restless` to either side.
    """

    title: str
    share: float
    of: Alike
    posts_a_week: int = 15
    weeks: int = 104
    restless: float = 0.1

    def looks(self, seed: int) -> list[tuple[int, Effect]]:
        """Give what is seen week by week: after how many weeks, what."""
        chance = np.random.default_rng(seed)
        running, seen, before = Running(), [], list[float]()
        for week in range(self.weeks):
            held = chance_draw(f"{self.title}/{seed}", "week", f"{week}", "holdout") < self.share
            odds = self.of.draw(chance, week / self.weeks)
            often = (odds.alone if held else odds.asked) + float(chance.uniform(-self.restless, self.restless))
            answered = float(chance.binomial(self.posts_a_week, often)) / self.posts_a_week
            if before:
                expected = float(np.mean(before[-WEEKS_EXPECTED_OF:]))
                running = with_outcome(running, answered, held=held, share=self.share, forecast=expected)
                if (found := effect(running, OF_WEEKS)) is not None:
                    seen.append((week + 1, found))
            before.append(answered)
        return seen


World = HoldoutWorld | WeeksWorld


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of many holdouts of a world.

    `covered`: in how many the truth lay within on every day; `alarms`: in how many an effect was ever said to be there
    that was not, or of the other sign; `found`: in how many the effect was, and how many posts or weeks that took in
    the median. `width` is how far the interval reaches to either side in the end, on average.
    """

    world: World
    holdouts: int
    covered: int
    alarms: int
    found: int
    found_after: int | None
    width: float


def check(world: World, holdouts: int, told: Callable[[], None] = lambda: None) -> Checked:
    """Simulate so many holdouts of a world, of the seeds from 0 on; `told` after each."""
    truth, covered, alarms, found, widths = world.of.truth, 0, 0, [], []
    for seed in range(holdouts):
        path = world.looks(seed)
        covered += all(look.low <= truth <= look.high for _, look in path)
        alarms += any((look.low > 0 and truth <= 0) or (look.high < 0 and truth >= 0) for _, look in path)
        if (posts := _found(path, truth)) is not None:
            found.append(posts)
        widths.append((path[-1][1].high - path[-1][1].low) / 2 if path else 1.0)
        told()
    median = sorted(found)[len(found) // 2] if found else None
    return Checked(world, holdouts, covered, alarms, len(found), median, float(np.mean(widths)))


def _found(path: Sequence[tuple[int, Effect]], truth: float) -> int | None:
    """Give after how many posts an effect that is there was first said to be, with its sign; None for never."""
    said = (posts for posts, look in path if (truth > 0 and look.low > 0) or (truth < 0 and look.high < 0))
    return next(said, None)


def worlds(parameters: Parameters) -> tuple[World, ...]:
    """Give the worlds that are checked: with an effect and without, of common outcomes and of rare ones.

    Then some like a community of these parameters, and last those in which whole weeks are without asking.
    """
    return (*_ALIKE, *(
        HoldoutWorld(f"like this one, {100 * replies:.0f} % reply when asked" if replies else
                     "like this one, asking adds nothing", share, LikeCommunity(parameters, replies))
        for share, replies in ((0.1, 0.0), (0.2, 0.35), (0.5, 0.35))
    ), *_WEEKS)  # fmt: skip


_ALIKE: Final = (
    HoldoutWorld("50 % answered, asking adds nothing", 0.1, Alike(0.5, 0.5)),
    HoldoutWorld("5 % answered, asking adds nothing", 0.1, Alike(0.05, 0.05)),
    HoldoutWorld("90 % answered, asking adds nothing", 0.2, Alike(0.9, 0.9)),
    HoldoutWorld("80 %, later 30 %, asking adds nothing", 0.2, Alike(0.8, 0.8, drift=-0.5)),
    HoldoutWorld("60 % answered, 75 % if asked", 0.1, Alike(0.6, 0.75)),
    HoldoutWorld("50 % answered, 65 % if asked, partly foreseen", 0.5, Alike(0.5, 0.65, lean=0.3)),
)
_WEEKS: Final = (
    WeeksWorld("weeks: 60 %, asking adds nothing", 0.5, Alike(0.6, 0.6)),
    WeeksWorld("weeks: 80 %, later 40 %, nothing added", 0.3, Alike(0.8, 0.8, drift=-0.4)),
    WeeksWorld("weeks: 60 % answered, 72 % with asking", 0.5, Alike(0.6, 0.72)),
)
