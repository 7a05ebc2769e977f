"""The built-in world: the same by itself as a process, drawn by its seed alone, and like what it is fitted to."""

import asyncio
import shlex
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.evaluate.archive import Reading
from kindling.memory import Vectors
from kindling.simulate.child import ChildWorld
from kindling.simulate.community.community import Community
from kindling.simulate.community.curves import Base, spread_of
from kindling.simulate.community.fit import fit
from kindling.simulate.community.oracle import Oracle
from kindling.simulate.community.parameters import HOURS
from kindling.simulate.community.people import Helper
from kindling.simulate.community.presets import PRESETS, Like
from kindling.simulate.drive import START, Outcome, Simulation, Span
from kindling.simulate.policies import PolicyName, policy_of
from kindling.simulate.world import World
from services.ingest.mapping import ArchiveMap
from services.nudge.settings import NudgeSettings
from services.recommend.settings import RecommendSettings
from shared.events import PostPublished, ReplyPublished
from shared.gini import gini
from shared.wire import decode
from tests import archives
from tests.test_evaluate_run import Hashed

FORUM = replace(PRESETS[Like.FORUM], history_days=10)


def run(world: World, policy: str = "kindling", days: int = 7, seed: int = 3) -> Outcome:
    one = Simulation(RecommendSettings(), NudgeSettings(), Vectors(Hashed()), Span(days=days), None)
    asking = (
        Oracle(world) if isinstance(world, Community) and policy == "oracle" else policy_of(PolicyName(policy), seed)
    )
    return asyncio.run(one.run(world, asking, seed, lambda _share, _what: None))


def test_it_is_the_same_as_a_process_of_its_own() -> None:
    """What runs within Kindling does the same as over the protocol: the protocol leaves nothing out."""
    command = shlex.join([sys.executable, "-m", "kindling.simulate.community", "forum", "10"])
    assert run(ChildWorld(command, 60), days=4) == run(Community(FORUM), days=4)


@pytest.mark.parametrize("policy", ["kindling", "oracle", "random"])
def test_the_same_seed_gives_the_same_report(policy: str) -> None:
    """Time and chance are arguments, in the world and in every policy."""
    first = run(Community(FORUM), policy)
    assert first == run(Community(FORUM), policy)
    assert first.seen["asks"] > 0
    assert first.seen["over_budget"] == 0


def test_what_is_seen_is_what_the_world_says() -> None:
    """Asks and people lost are counted twice, by the world and from the events: they agree."""
    found = run(Community(FORUM), "random", days=14)
    assert (found.seen["asks"], found.seen["left"]) == (found.world.asks, found.world.left)


def test_another_policy_changes_nothing_that_chance_decides() -> None:
    """The posts of who did not write because of an answer are the same, word for word, whoever is asked."""

    async def posts(seed: int) -> list[str]:
        world = Community(FORUM)
        await world.hello(seed, START, START + timedelta(days=9))
        return [
            event.text for body in await world.advance(START) if isinstance(event := decode(body).event, PostPublished)
        ]

    assert asyncio.run(posts(1)) == asyncio.run(posts(1))
    assert asyncio.run(posts(1)) != asyncio.run(posts(2))


@pytest.mark.parametrize("like", list(Like))
def test_as_many_posts_stay_open_as_in_what_it_is_like(like: Like) -> None:
    """Where nobody is asked, the share of open posts at each age is that of the archive, within what chance does."""
    given = replace(PRESETS[like], posts_per_day=40.0, history_days=40, newcomers=0.0)
    hours = np.concatenate([asyncio.run(_waits(Community(given), seed)) for seed in range(6)])
    for age, share in zip(HOURS, given.still_open, strict=True):
        # Topics and authors are few, so that communities differ by more than posts would.
        assert float((hours > age).mean()) == pytest.approx(share, abs=0.06)


async def _waits(world: Community, seed: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    await world.hello(seed, START, START + timedelta(days=9))
    events = [decode(body).event for body in await world.advance(START)]
    published = {event.message: event.at for event in events if isinstance(event, PostPublished)}
    first: dict[str, float] = {}
    for event in events:
        if isinstance(event, ReplyPublished):
            first.setdefault(event.post, (event.at - published[event.post]) / timedelta(hours=1))
    week = START - timedelta(days=7)
    return np.array([first.get(name, np.inf) for name, at in published.items() if at < week])


@given(
    st.floats(0.0, 2.0), st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6).map(lambda s: sorted(s, reverse=True))
)
def test_the_curve_is_right_on_average(spread: float, shares: list[float]) -> None:
    """However posts differ, over all of them so many are open at each age as was asked for."""
    base = Base.of(shares, spread)
    factors = np.exp(spread * np.random.default_rng(1).normal(size=40_000))
    for age, share in zip(HOURS, shares, strict=True):
        assert float(np.exp(-base.hazard(age) * factors).mean()) == pytest.approx(share, abs=0.02)


@given(st.floats(0.0, 5.0))
def test_an_age_is_where_its_hazard_is(hazard: float) -> None:
    """The two ways along the curve undo each other, before its end."""
    base = Base.of((0.7, 0.6, 0.5, 0.4, 0.3, 0.2), 1.0)
    if hazard < base.cumulated[-1]:
        assert base.hazard(base.age(hazard)) == pytest.approx(hazard, abs=1e-9)


@pytest.mark.parametrize("told_apart", [0.5, 0.6, 0.7, 0.8])
def test_the_spread_tells_posts_apart_as_often_as_it_should(told_apart: float) -> None:
    """Drawn posts are ordered by what can be seen of them: the area under the curve is the one asked for."""
    hidden, silent = 0.4, 0.4
    visible = spread_of(told_apart, silent, hidden)
    draw = np.random.default_rng(2)
    seen, unseen = draw.normal(0, 1, 3000) * visible, draw.normal(0, 1, 3000) * hidden
    hazard = Base.of([silent] * 6, float(np.hypot(visible, hidden))).cumulated[3]
    is_silent = draw.random(3000) < np.exp(-hazard * np.exp(seen + unseen))
    pairs = seen[is_silent][:, None] < seen[~is_silent][None, :]
    ties = seen[is_silent][:, None] == seen[~is_silent][None, :]
    assert float((pairs + ties / 2).mean()) == pytest.approx(told_apart, abs=0.04)


def test_each_ask_tires_and_a_week_gives_half_of_it_back() -> None:
    """Asked often, somebody replies less; left alone, they recover."""
    ann = Helper("ann", 1.0, frozenset({"bees"}), willing=0.8, bears=3.0)
    fresh = ann.replies("bees", START)
    leaving = [ann.asked(START) for _ in range(5)]
    tired = ann.replies("bees", START)
    assert tired < fresh
    assert leaving[:3] == [0.0, 0.0, 0.0]
    assert 0 < leaving[3] < leaving[4]
    assert ann.tiredness(START + timedelta(days=7)) == pytest.approx(2.5)
    assert ann.replies("ponds", START) < tired


def test_an_archive_is_fitted(tmp_path: Path) -> None:
    """Rates, silence and concentration are those that can be counted in the file."""
    history = Reading(ArchiveMap()).read(archives.write(tmp_path / "garden.jsonl", 700))
    found = fit(history, 0.7)
    posts = [message for message in archives.messages(700) if message["reply_to"] is None]
    firsts = Counter(str(message["author"]) for message in posts)
    assert found.posts_per_day == pytest.approx(24 / 8.5, abs=0.2)
    assert found.newcomers == pytest.approx(len(firsts) / len(posts), abs=0.01)
    assert found.still_open[3] == pytest.approx(0.2, abs=0.06)
    assert list(found.still_open) == sorted(found.still_open, reverse=True)
    assert found.told_apart == 0.7


def test_too_small_an_archive_is_refused(tmp_path: Path) -> None:
    """Of a few posts no community can be made: a sentence says how many it takes."""
    history = Reading(ArchiveMap()).read(archives.write(tmp_path / "garden.jsonl", 50))
    with pytest.raises(ValueError, match="it takes 200"):
        fit(history, 0.7)


@pytest.mark.parametrize(("counts", "expected"), [([], 0.0), ([3, 3, 3], 0.0), ([0, 0, 0, 8], 0.75), ([0, 0], 0.0)])
def test_gini(counts: list[int], expected: float) -> None:
    """Equal loads are 0; where one of four has everything it is three quarters."""
    assert gini(counts, len(counts)) == pytest.approx(expected, abs=1e-6)
