"""The listwise softmax: laws that hold for any lists."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.recommend.softmax import Lists, cross_entropy, fit, log_softmax

SEEDS = st.integers(0, 10**6)


def drawn(seed: int, count: int = 60, signals: int = 4) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Draw lists of one to eight, in each of which some share the target."""
    draw = np.random.default_rng(seed)
    true, made = draw.standard_normal(signals), []
    for _ in range(count):
        size = int(draw.integers(1, 9))
        values = draw.standard_normal((size, signals)).astype(np.float32)
        values[:, 0] = 0.5  # a signal that never differs
        chances = np.exp(values @ true)
        target = draw.multinomial(4, chances / chances.sum()) / np.float32(4)
        made.append((values, target.astype(np.float32)))
    return made


@settings(max_examples=50)
@given(st.lists(st.lists(st.floats(-700, 700), min_size=1, max_size=5), min_size=1, max_size=5))
def test_each_lists_probabilities_add_up_to_one(scores: list[list[float]]) -> None:
    """Lists one after another do not touch each other, however far apart their scores lie."""
    starts = np.cumsum([0, *(len(one) for one in scores[:-1])])
    logs = log_softmax(np.array([score for one in scores for score in one]), starts)
    for start, one in zip(starts, scores, strict=True):
        mine = logs[start : start + len(one)]
        assert np.isclose(np.exp(mine).sum(), 1.0)
        assert np.allclose(mine, log_softmax(np.array(one), np.zeros(1, np.intp)))
        assert np.allclose(mine - mine[0], np.array(one) - one[0])


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_cross_entropy_is_that_of_one_list_after_another(seed: int) -> None:
    """The loss is the mean over lists of what each list gives alone, and so is its gradient."""
    some, weights = drawn(seed), np.random.default_rng(seed).standard_normal(4)
    loss, gradient = cross_entropy(Lists.of(some), weights)
    alone = [cross_entropy(Lists.of([one]), weights) for one in some]
    by_hand = -np.mean([
        float(target @ np.log(np.exp(values @ weights) / np.exp(values @ weights).sum())) for values, target in some
    ])  # fmt: skip
    assert np.isclose(loss, by_hand, atol=1e-5)
    assert np.isclose(loss, np.mean([one for one, _ in alone]), atol=1e-5)
    assert np.allclose(gradient, np.mean([one for _, one in alone], axis=0), atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.randoms(use_true_random=False))
def test_neither_the_order_of_lists_nor_that_within_them_matters(seed: int, random: Random) -> None:
    """Whichever came first, what is learnt is the same up to where the search ends: a hundred-thousandth of a nat."""
    some, centre = drawn(seed), np.zeros(4)
    shuffled = list(some)
    random.shuffle(shuffled)
    turned = [(values[::-1], target[::-1]) for values, target in shuffled]
    one, other = fit(Lists.of(some), centre, 1.0), fit(Lists.of(turned), centre, 1.0)
    assert np.allclose(one, other, atol=1e-3)
    losses = [cross_entropy(Lists.of(some), weights)[0] for weights in (one, other)]
    assert abs(losses[0] - losses[1]) < 1e-5


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_a_belief_that_is_worth_everything_stays(seed: int, centre: list[float]) -> None:
    """With a huge worth the weights are those that one believed in, wherever the search began."""
    believed = np.array(centre)
    for start in (None, -believed, np.ones(4)):
        assert np.allclose(fit(Lists.of(drawn(seed)), believed, 1e9, start), believed, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_signal_that_never_differs_keeps_its_belief(seed: int) -> None:
    """What cannot tell one from another is not learnt about, and is learnt the same twice to the last bit."""
    lists, centre = Lists.of(drawn(seed)), np.array([0.7, 0.0, 0.0, 0.0])
    weights = fit(lists, centre, 1.0)
    assert np.isclose(weights[0], 0.7, atol=1e-3)
    assert weights.tobytes() == fit(lists, centre, 1.0).tobytes()
