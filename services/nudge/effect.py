"""What asking adds, from opportunities left alone at random: an estimate that one may look at every day. Pure.

Each opportunity of which the outcome is known gives one score, whose mean over both arms is the effect of asking
(augmented inverse propensity weighting: Robins, Rotnitzky & Zhao 1994):

    m1 - m0 + asked / (1 - share) * (outcome - forecast - m1) - held / share * (outcome - forecast - m0)

`share` is the probability that it was left alone, `forecast` what was expected of it before that was drawn, m1 and m0
how far off the forecast was in either arm over the opportunities before it. Whatever the forecast, the mean is right; a
good one makes it precise.

Of whole weeks with asking and without (switchback.py) each is one outcome, and there are few of them: `OF_WEEKS`.

Around the mean of t scores with variance v lies the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha,
Kennedy & Ramdas 2021, "Time-uniform central limit theory and asymptotic confidence sequences", theorem 2.2:

    mean +- sqrt(v) * sqrt(2 * (t * r**2 + 1) / (t * r)**2 * log(sqrt(t * r**2 + 1) / alpha))

It holds at all t at once: one may look every day and stop whenever one likes. `r` makes it narrowest around `TIGHTEST`
scores. That it is asymptotic means that it needs a beginning: nothing is said before both arms have `LEAST_OF_AN_ARM`,
and the variance counts `IMAGINED` outcomes of each arm more that were as far off as can be, lest an arm in which a rare
outcome has not come yet is taken for one in which it never does.
"""

import math
from dataclasses import dataclass
from typing import Final

from services.nudge.documents import Arm, Running

ALPHA: Final = 0.05
# The number of scores at which the sequence is narrowest.
TIGHTEST: Final = 500
LEAST_OF_AN_ARM: Final = 30
IMAGINED: Final = 2


@dataclass(frozen=True, slots=True)
class Size:
    """At how many scores the sequence is `tightest`; before both arms have their `least`, nothing is said.

    `far` is how far off an outcome can be from what is expected.
    """

    tightest: int = TIGHTEST
    least: int = LEAST_OF_AN_ARM
    far: float = 1.0


OF_POSTS: Final = Size()
# A year of weeks. The share of a week's posts is hardly ever off by more than a quarter.
OF_WEEKS: Final = Size(tightest=52, least=6, far=0.25)
NOTHING_YET: Final = "no effect measured yet"
# What is believed of an arm before it has outcomes, that the forecast is right, weighs as much as so many of them.
_BELIEF: Final = 2.0


@dataclass(frozen=True, slots=True)
class Effect:
    """What asking adds on average to an outcome; with 95 % probability it lies between the two, whenever one looks."""

    estimate: float
    low: float
    high: float


def with_outcome(running: Running, outcome: float, *, held: bool, share: float, forecast: float = 0.0) -> Running:
    """Count one more outcome, from 0 to 1.

    `share` is the probability with which the opportunity was left alone, between 0 and 1, neither of them.
    """
    rest = outcome - forecast
    score = _mean(running.asked) - _mean(running.held)
    if held:
        score -= (rest - _mean(running.held)) / share
    else:
        score += (rest - _mean(running.asked)) / (1 - share)
    return Running(
        scores=running.scores + score,
        squares=running.squares + score**2,
        asked=running.asked if held else _with(running.asked, rest, 1 / (1 - share)),
        held=_with(running.held, rest, 1 / share) if held else running.held,
    )


def effect(running: Running, size: Size = OF_POSTS, alpha: float = ALPHA) -> Effect | None:
    """Give what asking adds, with its interval; None as long as too few outcomes of an arm are known."""
    if min(running.asked.outcomes, running.held.outcomes) < size.least:
        return None
    times = running.asked.outcomes + running.held.outcomes
    mean = running.scores / times
    imagined = sum((size.far * arm.weight / arm.outcomes) ** 2 for arm in (running.asked, running.held))
    variance = max(0.0, (running.squares + IMAGINED * imagined) / times - mean**2)
    half = math.sqrt(variance) * boundary(times, alpha, size.tightest)
    return Effect(mean, mean - half, mean + half)


def boundary(times: int, alpha: float = ALPHA, tightest: int = TIGHTEST) -> float:
    """Give the half width of the sequence after so many scores, in standard deviations of one score."""
    spread = -2 * math.log(alpha)
    square = (spread + math.log(spread) + 1) / tightest
    grown = times * square + 1
    return math.sqrt(2 * grown / (times**2 * square) * math.log(math.sqrt(grown) / alpha))


def in_words(found: Effect | None) -> str:
    """Say whether asking was seen to change an outcome."""
    if found is None or found.low <= 0 <= found.high:
        return NOTHING_YET
    return f"asking {'raises' if found.low > 0 else 'lowers'} it by {abs(found.estimate):.3g}"


def _mean(arm: Arm) -> float:
    return arm.rest / (arm.outcomes + _BELIEF)


def _with(arm: Arm, rest: float, weight: float) -> Arm:
    return Arm(arm.outcomes + 1, arm.rest + rest, arm.weight + weight)
