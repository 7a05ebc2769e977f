"""How first places are shared."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.evaluate.concentration import WEEK, capped, ever_listed, first_places, really, shared
from tests.evaluating import case, ranked


def slow_gini(counts: list[int]) -> float:
    """Compute half the mean absolute difference over the mean."""
    pairs = sum(abs(a - b) for a in counts for b in counts)
    return pairs / (2 * len(counts) * sum(counts))


@given(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=60), st.integers(0, 20))
def test_slow(firsts: list[str], idle: int) -> None:
    """The Gini coefficient is that of all pairs, with those who had no first place; shares are in order."""
    counts = list(Counter(firsts).values())
    found = shared(firsts, len(counts) + idle)
    assert found.gini == pytest.approx(slow_gini(counts + [0] * idle), abs=1e-12)
    assert 0 <= found.gini < 1
    assert found.ten == pytest.approx(sum(sorted(counts)[-10:]) / sum(counts))
    assert found.curve[-1] == (len(counts), 1.0)
    assert list(found.curve) == sorted(found.curve)


@given(st.integers(1, 20), st.integers(1, 5))
def test_equal(people: int, each: int) -> None:
    """Where all have equally many, the coefficient is 0."""
    assert shared([f"p{at}" for at in range(people)] * each, people).gini == pytest.approx(0, abs=1e-12)


def test_one_has_all() -> None:
    """Where one of many has all, it goes towards 1, and the ten most chosen have all."""
    found = shared(["a"] * 50, 1_000)
    assert found.gini == pytest.approx(0.999)
    assert (found.ten, found.chosen) == (1.0, 1)


def test_nothing() -> None:
    """Where nobody was ranked at all, there is nothing to share, and nothing breaks."""
    assert shared([], 10).curve == ()


def test_the_same_people_for_all() -> None:
    """All methods and what happened are measured among everyone who was ever listed, so that they compare."""
    made = ranked(case(["x"], "1", ours=["a", "b"], other=[]), case(["b"], "2", ours=["a"], other=["c"]))
    assert ever_listed(made) == 4
    assert first_places(made, "ours") == ["a", "a"]
    assert first_places(made, "other") == ["c"]
    assert really(made) == ["x", "b"]


def test_a_cap_passes_first_places_on() -> None:
    """Who has had their share of the week gives way to the next in the list; a week later they are first again."""
    cases = [case([right], str(n), at=n * WEEK / 2, ours=["a", "b"]) for n, right in enumerate("abaa")]
    result = ranked(*cases)
    assert capped(result, None) == (["a", "a", "a", "a"], 0.75)
    assert capped(result, 1) == (["a", "b", "a", "b"], 0.75)
    assert capped(ranked(*cases[::-1]), 1) == capped(result, 1)


def test_where_nobody_is_free_nobody_is_right() -> None:
    """A list of which everybody has had their share puts nobody first, and that counts as wrong."""
    result = ranked(*(case(["a"], str(n), ours=["a"]) for n in range(4)))
    assert capped(result, 2) == (["a", "a"], 0.5)


@given(st.lists(st.permutations("abcde"), min_size=1, max_size=30), st.integers(1, 3))
def test_nobody_exceeds_the_cap(lists: list[list[str]], cap: int) -> None:
    """In no 7 days is anybody put first more often than the cap allows."""
    cases = [case(["a"], f"{n:02}", at=n * WEEK / 5, ours=listed) for n, listed in enumerate(lists)]
    firsts, _ = capped(ranked(*cases), cap)
    assert all(firsts[n : n + 5].count(name) <= cap for n in range(len(firsts)) for name in "abcde")
