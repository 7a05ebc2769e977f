"""Any ranker, whatever it has learnt: its scores, probabilities, parts and plain form."""

import json
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.features import FEATURES, Group
from services.recommend.ranker import Ranker
from services.recommend.rounding import DECIMALS
from services.recommend.signals import NOTHING, signals

SIZE = len(FEATURES)


def _drawn(seed: int) -> tuple[Ranker, np.ndarray]:
    draw = np.random.default_rng(seed)
    weights = draw.normal(0, 0.3, SIZE) * (draw.random(SIZE) < 0.5)
    values = draw.poisson(0.7, (SIZE, draw.integers(1, 9))) * draw.random((SIZE, 1))
    return Ranker("v", weights, float(draw.uniform(0.2, 3)), float(draw.normal())), signals(values)


DRAWN = st.integers(0, 2**32 - 1).map(_drawn)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=SIZE, max_size=SIZE), FLOATS, FLOATS, st.text(max_size=9))
@settings(max_examples=30, deadline=None)
def test_it_goes_through_json_to_the_last_bit(
    weights: list[float], slope: float, intercept: float, version: str
) -> None:
    """Any finite weights come back as they were, also when the order of the names in the file is another."""
    ranker = Ranker(version, np.array(weights), slope, intercept)
    plain = json.loads(json.dumps(ranker.as_dict(), sort_keys=True))
    again = Ranker.from_dict(plain)
    assert again.weights.tobytes() == np.array(weights, np.float64).tobytes()
    assert (again.version, again.slope, again.intercept) == (version, slope, intercept)
    assert again.as_dict() == ranker.as_dict()


@given(DRAWN)
def test_a_score_is_the_weighted_sum_of_signals(drawn: tuple[Ranker, np.ndarray]) -> None:
    """Each score is what adding up by hand gives, rounded so that no last bit decides who comes first."""
    ranker, found = drawn
    for score, one in zip(ranker.scores(found), found, strict=True):
        assert np.isclose(score, sum(float(s) * w for s, w in zip(one, ranker.weights, strict=True)), atol=1e-5)
        assert score == round(score, DECIMALS)


@given(DRAWN)
def test_parts_add_up_to_the_score_but_for_a_constant(drawn: tuple[Ranker, np.ndarray]) -> None:
    """Every group has its part, together they are the score over having nothing, and nothing counts twice."""
    ranker, found = drawn
    parts = ranker.contributions(found)
    assert set(parts) == set(Group)
    assert np.allclose(sum(parts.values()), ranker.scores(found) - NOTHING * ranker.weights.sum(), atol=1e-5)
    for place, feature in enumerate(FEATURES):
        alone = Ranker("v", np.eye(SIZE)[place] * ranker.weights)
        for group, part in alone.contributions(found).items():
            assert group is feature.group or not part.any()


@given(DRAWN)
def test_a_probability_is_one_and_follows_the_score(drawn: tuple[Ranker, np.ndarray]) -> None:
    """Within 0 and 1, never less likely with a higher score, and the same for the same score."""
    ranker, found = drawn
    scores = ranker.scores(found)
    chances = ranker.probabilities(scores)
    assert chances.shape == scores.shape
    assert ((chances >= 0) & (chances <= 1)).all()
    assert (np.diff(chances[np.argsort(scores, kind="stable")]) >= 0).all()
    assert np.allclose(ranker.probabilities(scores + 5), chances, atol=2e-6)


@given(DRAWN, st.randoms(use_true_random=False))
def test_where_somebody_stands_in_the_list_does_not_matter(drawn: tuple[Ranker, np.ndarray], random: Random) -> None:
    """Scores and probabilities move with the people."""
    ranker, found = drawn
    order = list(range(len(found)))
    random.shuffle(order)
    scores = ranker.scores(found)
    assert np.allclose(ranker.scores(found[order]), scores[order], atol=1.1e-6)
    assert np.allclose(ranker.probabilities(scores[order]), ranker.probabilities(scores)[order], atol=1.1e-6)


def test_a_list_of_nobody_is_ranked_too() -> None:
    """Nothing in, nothing out."""
    ranker = Ranker("v", np.ones(SIZE))
    nobody = signals(np.zeros((SIZE, 0)))
    assert nobody.shape == (0, SIZE)
    assert ranker.scores(nobody).shape == ranker.probabilities(ranker.scores(nobody)).shape == (0,)
