"""Metrics of probabilities: against slow obvious versions, and what a perfect forecaster would show."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.evaluate import forecasts
from kindling.evaluate.bootstrap import draws
from kindling.evaluate.forecasts import ALARM, Bools, Floats, auc, average_precision, binned, brier, calibration

# Few distinct probabilities, so that ties are common.
POSTS = st.lists(st.tuples(st.integers(0, 8).map(lambda n: n / 8), st.booleans()), min_size=1, max_size=40)


def split(posts: list[tuple[float, bool]]) -> tuple[Floats, Bools]:
    return np.array([said for said, _ in posts]), np.array([silent for _, silent in posts])


def slow_auc(said: Floats, silent: Bools) -> float | None:
    """Compare every silent post with every other one."""
    pairs = [(a > b) + (a == b) / 2 for a in said[silent] for b in said[~silent]]
    return float(np.mean(pairs)) if pairs else None


@given(POSTS)
def test_auc(posts: list[tuple[float, bool]]) -> None:
    """The AUC is the share of right pairs, ties half; it is not defined where one kind lacks."""
    said, silent = split(posts)
    assert auc(said, silent) == (None if slow_auc(said, silent) is None else pytest.approx(slow_auc(said, silent)))


@given(POSTS)
def test_average_precision(posts: list[tuple[float, bool]]) -> None:
    """Average precision adds, for each threshold from the top, precision times the gain in recall."""
    said, silent = split(posts)
    if not silent.any():
        assert average_precision(said, silent) is None
        return
    total, before = 0.0, 0.0
    for threshold in sorted(set(said.tolist()), reverse=True):
        named = said >= threshold
        recall = silent[named].sum() / silent.sum()
        total += (recall - before) * silent[named].mean()
        before = recall
    assert average_precision(said, silent) == pytest.approx(total)


@given(POSTS)
def test_within(posts: list[tuple[float, bool]]) -> None:
    """All of it lies between 0 and 1, whatever the probabilities."""
    said, silent = split(posts)
    found = calibration(said, silent)
    values = [brier(said, silent), found.error, found.floor, found.p_value, found.excess]
    assert all(0 <= value <= 1 for value in values)
    assert sum(one.posts for one in found.bins) == len(posts)
    assert all(one.low - 1e-12 <= one.observed <= one.high + 1e-12 for one in found.bins)


@given(POSTS, st.randoms(use_true_random=False))
def test_order_of_posts(posts: list[tuple[float, bool]], chance: Random) -> None:
    """The order in which posts come changes nothing: equal probabilities are never cut apart."""
    mixed = posts.copy()
    chance.shuffle(mixed)
    one, two = calibration(*split(posts)), calibration(*split(mixed))
    assert one.error == pytest.approx(two.error)
    assert [b.posts for b in one.bins] == [b.posts for b in two.bins]


def test_bins_are_equal() -> None:
    """Distinct probabilities fall into ten bins of equally many; a constant one into a single bin."""
    assert np.bincount(binned(np.random.default_rng(0).random(1_000))).tolist() == [100] * 10
    assert len(set(binned(np.full(50, 0.3)).tolist())) == 1


def test_error_by_hand() -> None:
    """The error weighs each bin's distance by its posts."""
    said = np.array([0.2] * 10 + [0.8] * 30)
    silent = np.array([True] * 5 + [False] * 5 + [True] * 30)
    assert calibration(said, silent).error == pytest.approx((10 * 0.3 + 30 * 0.2) / 40)


@settings(max_examples=20)
@given(POSTS.filter(lambda posts: len(posts) > 3))
def test_resampled(posts: list[tuple[float, bool]]) -> None:
    """Each draw's AUC is that of the drawn posts, each as often as it was drawn."""
    said, silent = split(posts)
    cluster = np.arange(len(posts)) // 2
    found = forecasts.resampled_aucs([said, 1 - said], silent, cluster)
    counts = next(draws(int(cluster.max()) + 1))
    for row, (mine, turned) in list(zip(counts, found, strict=False))[:20]:
        times = row[cluster]
        expected = slow_auc(np.repeat(said, times), np.repeat(silent, times))
        if expected is None:
            assert np.isnan(mine)
        else:
            assert mine == pytest.approx(expected)
            assert turned == pytest.approx(1 - expected)


def test_perfect_forecaster() -> None:
    """Of perfect forecasters about one in twenty fails the test, and what they show is the floor."""
    rng = np.random.default_rng(11)
    made = []
    for _ in range(120):
        said = rng.beta(2, 4, 400)
        made.append(calibration(said, rng.random(400) < said))
    assert 0.0 < np.mean([one.p_value < ALARM for one in made]) < 0.12
    assert np.mean([one.error for one in made]) == pytest.approx(np.mean([one.floor for one in made]), rel=0.05)


def test_wrong_forecaster() -> None:
    """Probabilities that are ten points off are found out, and the error above chance is about that."""
    rng = np.random.default_rng(12)
    said = rng.beta(3, 4, 4_000) * 0.8 + 0.1
    found = calibration(said, rng.random(4_000) < said - 0.1)
    assert found.p_value == 0
    assert found.excess == pytest.approx(0.1, abs=0.03)


def test_the_same_twice() -> None:
    """The simulation is seeded: the same probabilities give the same floor, bit for bit, in batches or at once."""
    rng = np.random.default_rng(13)
    said = rng.random(300)
    silent = rng.random(300) < said
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecasts, "_CELLS", 2_000)
        small = calibration(said, silent)
    assert calibration(said, silent) == small


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_no_probability(wrong: float) -> None:
    """What is no probability is refused, not averaged."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        forecasts.checked(np.array([0.5, wrong]))
