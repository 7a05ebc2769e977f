"""The ranker on lists: scores, probabilities, what carried them, and who leads."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.candidates import first_stage, leading
from services.recommend.features import FEATURES, PLACES
from services.recommend.ranker import Ranker, hand_set
from services.recommend.signals import LEAST_SHARE, signals

SIZE = len(FEATURES)
VALUES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).poisson(0.7, (SIZE, 5)).astype(np.float64)
)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=12), st.integers(1, 14))
def test_who_leads_is_who_sorting_everybody_would_give(found: list[float], most: int) -> None:
    """The best are chosen by score and then by id."""
    ids = [f"m{(7 * i) % 12:02}" for i in range(len(found))]
    expected = sorted(range(len(found)), key=lambda i: (-found[i], ids[i]))[:most]
    assert leading(np.array(found), np.arange(len(found)), ids, most) == expected


@given(VALUES, st.integers(1, 5))
def test_the_first_stage_keeps_only_the_eligible(values: np.ndarray, most: int) -> None:
    """Nobody comes through who may not be asked, and nobody who may is lost while there is room."""
    eligible = np.array([True, False, True, True, False])
    chosen = first_stage(values, eligible, list("abcde"), most).tolist()
    assert set(chosen) <= {0, 2, 3}
    assert len(chosen) == min(most, 3)
    assert len(set(chosen)) == len(chosen)


@given(VALUES, st.floats(0.01, 1e6))
def test_signals_are_shares_of_the_lists_highest(values: np.ndarray, unit: float) -> None:
    """In whatever unit a feature is counted, its signals are the same, from nothing up to the list's highest."""
    found = signals(values)
    assert found.shape == (5, SIZE)
    assert np.allclose(found, signals(values * unit), atol=1e-5)
    assert found.min() >= np.float32(np.log(LEAST_SHARE)) - 1e-6
    assert found.max() <= np.log(1 + LEAST_SHARE) + 1e-6


@given(VALUES)
def test_contributions_add_up_to_the_score(values: np.ndarray) -> None:
    """What the groups add is the whole difference to somebody who has none of it: no reason is invented."""
    ranker, found = hand_set(), signals(values)
    nobody = ranker.scores(signals(np.zeros((SIZE, 1))))[0]
    total = sum(ranker.contributions(found).values())
    assert np.allclose(total, ranker.scores(found) - nobody, atol=1e-4)


@given(VALUES)
def test_probabilities_follow_the_scores(values: np.ndarray) -> None:
    """A higher score is never less likely, and a probability is one."""
    ranker = hand_set()
    scores = ranker.scores(signals(values))
    chances = ranker.probabilities(scores)
    assert ((chances >= 0) & (chances <= 1)).all()
    order = np.argsort(scores, kind="stable")
    assert (np.diff(chances[order]) >= 0).all()


def test_more_of_what_counts_scores_higher() -> None:
    """Begun with by hand: who answers, knows the subject or is named comes before who does not."""
    for name in ("joins 30d", "words 180d", "meaning 180d", "channel joins 30d", "mentioned"):
        values = np.zeros((SIZE, 2))
        values[PLACES[name]] = 0.5, 1.0
        scores = hand_set().scores(signals(values))
        assert scores[1] > scores[0], name


def test_a_ranker_goes_through_json_unharmed() -> None:
    """Bit for bit the same weights come back, and one that weighs other features is refused in a sentence."""
    drawn = np.random.default_rng(1).standard_normal(SIZE)
    ranker = Ranker("v1", drawn, slope=1 / 3, intercept=-0.1)
    again = Ranker.from_dict(json.loads(json.dumps(ranker.as_dict())))
    assert again.weights.tobytes() == drawn.tobytes()
    assert (again.version, again.slope, again.intercept) == ("v1", 1 / 3, -0.1)
    changed = ranker.as_dict()
    changed["weights"] = {"something else": 1.0}
    with pytest.raises(ValueError, match="train it anew"):
        Ranker.from_dict(changed)
