"""A list that is not ten times the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.diversify import diversify

RELEVANCE = st.lists(st.floats(-5, 5), min_size=1, max_size=8)


def unit(angles: list[float]) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a)] for a in angles])


@given(RELEVANCE, st.integers(1, 10))
def test_without_a_price_the_list_is_in_the_order_of_relevance(relevance: list[float], most: int) -> None:
    """Where being alike counts nothing, the best come first, each once, ties in the order given."""
    found = diversify(np.array(relevance), np.ones((len(relevance),) * 2), most, 0.0)
    low, high = min(relevance), max(relevance)
    worth = np.round((np.array(relevance) - low) / (high - low if high > low else 1), 6)
    assert found == sorted(range(len(relevance)), key=lambda place: (-worth[place], place))[:most]


@given(RELEVANCE, st.data(), st.floats(0, 0.99))
def test_each_step_takes_what_is_worth_most_beside_what_is_chosen(
    relevance: list[float], data: st.DataObject, alike: float
) -> None:
    """The rule of the paper, step by step: (1 - alike) relevance - alike * the highest cosine to those chosen."""
    angles = data.draw(st.lists(st.floats(0, 3), min_size=len(relevance), max_size=len(relevance)))
    cosines = unit(angles) @ unit(angles).T
    scores = np.array(relevance)
    low, high = scores.min(), scores.max()
    worth = (1 - alike) * (scores - low) / (high - low if high > low else 1)
    found = diversify(scores, cosines, len(scores), alike)
    assert sorted(found) == list(range(len(scores)))
    for step, chosen in enumerate(found):
        before = found[:step]
        gains = {
            place: round(worth[place] - alike * max([0.0, *(cosines[place][b] for b in before)]), 6)
            for place in found[step:]
        }
        assert gains[chosen] >= max(gains.values()) - 2e-6


def test_the_twin_of_what_is_first_gives_way_to_something_else() -> None:
    """Of two that are the same, the second comes after a little less relevant one about something else."""
    cosines = unit([0.0, 0.0, 1.5]) @ unit([0.0, 0.0, 1.5]).T
    assert diversify(np.array([1.0, 0.9, 0.7]), cosines, 3, 0.0) == [0, 1, 2]
    assert diversify(np.array([1.0, 0.9, 0.7, 0.0]), np.pad(cosines, (0, 1)), 3, 0.3) == [0, 2, 1]


def test_relevance_counts_from_the_list_itself() -> None:
    """The best counts 1 and the last 0 wherever the scores lie: adding the same to all of them changes nothing."""
    cosines = unit([0.0, 0.1, 1.5]) @ unit([0.0, 0.1, 1.5]).T
    scores = np.array([1.0, 0.9, 0.0])
    assert {tuple(diversify(scores + shift, cosines, 3, 0.3)) for shift in (-9.0, 0.0, 9.0)} == {(0, 1, 2)}
