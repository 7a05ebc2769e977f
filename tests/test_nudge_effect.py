"""What asking adds: estimated from what was left alone at random, and looked at every day."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.simulate.community.presets import PRESETS, Like
from kindling.simulate.holdouts import Alike, HoldoutWorld, LikeCommunity, World, check, worlds
from services.nudge.documents import EFFECTS, WEEKS, Running, Totals, Week
from services.nudge.effect import (
    LEAST_OF_AN_ARM,
    NOTHING_YET,
    TIGHTEST,
    Effect,
    boundary,
    effect,
    in_words,
    with_outcome,
)
from services.nudge.measure import Outcome
from tests.nudge_house import KEY, open_house
from tests.nudging import COMMUNITY

HOLDOUTS = 200


@pytest.mark.parametrize("world", worlds(PRESETS[Like.FORUM]), ids=lambda world: f"{world.title}, {world.share}")
def test_the_truth_lies_within_every_day(world: World) -> None:
    """Of two hundred holdouts, in 95 of 100 at least the interval holds the truth on every day; so looking is free."""
    found = check(replace(world, posts=600) if isinstance(world, HoldoutWorld) else world, HOLDOUTS)
    assert found.covered >= 0.95 * HOLDOUTS
    assert found.alarms <= 0.05 * HOLDOUTS


def test_an_effect_that_is_there_is_found() -> None:
    """A holdout of a fifth finds that 75 instead of 55 of 100 are answered, in nearly every community of some size."""
    assert check(HoldoutWorld("", 0.2, Alike(0.55, 0.75)), 50).found >= 45


def test_the_truth_of_a_world_is_what_its_posts_come_to() -> None:
    """Over many posts, those that are asked about are answered so much more often as the world says."""
    of = LikeCommunity(PRESETS[Like.FORUM], 0.35)
    chance = np.random.default_rng(1)
    drawn = [of.draw(chance, 0.0) for _ in range(20_000)]
    assert np.mean([odds.asked - odds.alone for odds in drawn]) == pytest.approx(of.truth, abs=0.005)
    assert np.mean([odds.forecast - odds.alone for odds in drawn]) == pytest.approx(0.0, abs=0.02)


def test_a_good_forecast_makes_it_precise() -> None:
    """What was foreseen of a post need not be measured."""
    with_it, without = (
        HoldoutWorld("", 0.2, Alike(0.5, 0.6, lean=0.3)).looks(1)[-1][1],
        HoldoutWorld("", 0.2, Alike(0.5, 0.6)).looks(1)[-1][1],
    )
    assert with_it.high - with_it.low < without.high - without.low


def test_nothing_is_said_too_early() -> None:
    """Before both arms have their least, or while zero lies within, there is no effect to speak of."""
    assert in_words(effect(Running())) == NOTHING_YET
    running = Running()
    for _ in range(500):
        running = with_outcome(running, 1.0, held=False, share=0.1)
    for _ in range(LEAST_OF_AN_ARM - 1):
        running = with_outcome(running, 0.0, held=True, share=0.1)
    assert effect(running) is None
    assert in_words(Effect(0.1, -0.05, 0.25)) == NOTHING_YET
    assert in_words(Effect(0.1, 0.05, 0.15)) == "asking raises it by 0.1"
    assert in_words(Effect(-0.1, -0.15, -0.05)) == "asking lowers it by 0.1"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=100, max_size=300), st.floats(0.05, 0.5))
def test_an_interval_is_around_its_estimate(outcomes: list[tuple[float, bool]], share: float) -> None:
    """Whatever came, the interval is one, and is never a point."""
    running = Running()
    for value, held in outcomes:
        running = with_outcome(running, value, held=held, share=share)
    found = effect(running)
    assert found is None or found.low < found.estimate < found.high


def test_the_boundary_is_narrowest_where_it_is_meant_to_be() -> None:
    """Beside the boundaries that are best for other sizes it is narrower at its own; and it falls all the time."""
    widths = [boundary(times) for times in range(10, 5000, 10)]
    assert widths == sorted(widths, reverse=True)
    # An interval for one look at this size would be 1.96 / sqrt(times); looking always costs less than twice that.
    assert 1.96 < boundary(TIGHTEST) * math.sqrt(TIGHTEST) < 2 * 1.96


async def test_operators_read_it_at_a_door(redis_url: str, prefix: str) -> None:
    """With the service key one reads what asking adds, of each outcome, in numbers and in words."""
    async with open_house(redis_url, prefix) as house:
        path = f"/v1/communities/{COMMUNITY}/effect"
        assert (await house.http.get(path)).status_code == 401
        nothing = (await house.http.get(path, headers=KEY)).json()["outcomes"]
        assert {shown["words"] for shown in nothing.values()} == {NOTHING_YET}
        running = Running()
        for n in range(400):
            running = with_outcome(running, float(n % 2 == 0), held=n % 2 == 1, share=0.5)
        house.garden.documents.put(EFFECTS, Outcome.ANSWERED, running)
        week = Week(held=Totals({Outcome.ANSWERED: (4, 3.0)}))
        house.garden.documents.put(WEEKS, "2026-W10", week)
        made = (await house.http.get(path, headers=KEY)).json()
        assert made["weeks"] == [
            {"week": "2026-W10", "asked": {}, "held": {Outcome.ANSWERED: {"known": 4, "mean": 0.75}}, "apart": {}}
        ]
        shown = made["outcomes"][Outcome.ANSWERED]
        assert (shown["asked"], shown["held"], shown["words"]) == (200, 200, "asking raises it by 1")
        assert shown["low"] < shown["effect"] < shown["high"]
