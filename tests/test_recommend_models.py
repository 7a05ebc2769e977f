"""The artefact of a community's models: it comes back as it was, and nothing else is taken for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recommend.features import FEATURES
from services.recommend.models import FORMAT, Models, sha256
from services.recommend.ranker import Ranker
from services.recommend.silence_model import base_model

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WEIGHTS = st.lists(FLOATS, min_size=len(FEATURES), max_size=len(FEATURES)).map(np.array)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CARD = st.dictionaries(st.text(max_size=5), FLOATS | st.text(max_size=5), max_size=3)


@settings(max_examples=25, deadline=None)
@given(WEIGHTS, FLOATS, FLOATS, CARD)
def test_models_come_back_to_the_last_bit(
    weights: np.ndarray, slope: float, intercept: float, card: dict[str, Any]
) -> None:
    """Whatever was learnt, the same models give the same bytes, and these give the same models."""
    silence = base_model().shifted(np.linspace(-1, 1, 6) / 3)
    models = Models("m", Ranker("v", weights, slope, intercept), silence, card=card)
    again = Models.read(models.artefact())
    assert again.artefact() == models.artefact() == replace(models).artefact()
    assert sha256(again.artefact()) == sha256(models.artefact())
    assert again.ranker.weights.tobytes() == weights.astype(np.float64).tobytes()
    assert (again.id, again.card, again.ranker.slope, again.ranker.intercept) == ("m", card, slope, intercept)
    for part in ("intercepts", "weights", "centre", "spread"):
        assert getattr(again.silence, part).tobytes() == getattr(silence, part).tobytes()


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_artefact_is_refused_in_a_sentence(body: bytes) -> None:
    """Whatever bytes come, they are read as models or refused as none: nothing else is raised."""
    with pytest.raises(ValueError, match="this is no model that Kindling made"):
        Models.read(body)


def test_a_bottomless_artefact_is_refused() -> None:
    """Also what would exhaust the reader is only refused."""
    with pytest.raises(ValueError, match="this is no model that Kindling made"):
        Models.read(b"[" * 100_000)


@given(JSON.filter(lambda value: value != FORMAT))
def test_another_format_is_refused(other: object) -> None:
    """An artefact of another version says which it is, and what to do."""
    body = json.loads(Models().artefact()) | {"format": other}
    with pytest.raises(ValueError, match="train anew"):
        Models.read(json.dumps(body).encode())


def changed(*path: str, to: object) -> bytes:
    """Give a good artefact but for one value."""
    body = json.loads(Models().artefact())
    place = body
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(body).encode()


@pytest.mark.parametrize("to", [float("nan"), float("inf"), None, "x", [], {}], ids=str)
@pytest.mark.parametrize("path", [("ranker", "slope"), ("ranker", "weights", "habit"), ("silence", "spread")], ids=str)
def test_what_is_not_a_number_is_refused(path: tuple[str, ...], to: object) -> None:
    """A model with a hole in it would rank by nothing: it never comes into use."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        Models.read(changed(*path, to=to))


@pytest.mark.parametrize("part", ["ranker", "silence"])
@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights | {"another": next(iter(weights.values()))},
        lambda weights: dict(list(weights.items())[1:]),
        lambda weights: {f"{name}!": weight for name, weight in weights.items()},
    ],
    ids=["more", "fewer", "renamed"],
)
def test_other_features_are_refused(part: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A model that weighs what this version does not compute is not used, and the sentence says what to do."""
    weights = json.loads(Models().artefact())[part]["weights"]
    with pytest.raises(ValueError, match="other features than this version has: train it anew"):
        Models.read(changed(part, "weights", to=change(weights)))


@pytest.mark.parametrize("part", ["format", "id", "card", "ranker", "silence"])
def test_a_part_that_is_missing_is_missed(part: str) -> None:
    """Half an artefact is none."""
    body = json.loads(Models().artefact())
    del body[part]
    with pytest.raises(ValueError, match="no model that Kindling made"):
        Models.read(json.dumps(body).encode())
