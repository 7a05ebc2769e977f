"""Whom a member would meet: the graph, the signals, the model."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import Channel, Post, Reply
from services.recommend.index import Index
from services.recommend.meeting import PLACES, SIGNALS, Graph, Meeting, everybody, hand_set, pair_signals
from services.recommend.profile import PUBLIC
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY
from shared.events import Privacy
from tests.recommending import START, HashedVectors

VECTORS = HashedVectors()
EDGES = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]), max_size=12)


@given(EDGES, st.integers(0, 5))
def test_shared_neighbours_weigh_by_how_few_others_they_know(edges: set[tuple[int, int]], member: int) -> None:
    """Adamic-Adar is the sum over shared neighbours of one over the logarithm of their degree."""
    neighbours: dict[int, set[int]] = {}
    for one, other in edges:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    found = Graph(neighbours).adamic_adar(member, 6)
    for other in range(6):
        shared = neighbours.get(member, set()) & neighbours.get(other, set())
        expected = sum(1 / math.log(len(neighbours[n])) for n in shared if len(neighbours[n]) > 1)
        assert found[other] == pytest.approx(expected)
    assert Graph(neighbours).degrees(6).tolist() == [len(neighbours.get(n, ())) for n in range(6)]


def test_signals_tell_who_answers_who_asks_and_who_is_near() -> None:
    """What others do counts as it is, and again as far as the member is one who asks."""
    index = Index(RecommendSettings(), VECTORS.dimension)
    index.set_channel("general", Channel(Privacy.PUBLIC), {}, {})
    for ordinal, (name, author, text) in enumerate(
        [("p1", "ann", "volume rendering"), ("p2", "cas", "install on linux"), ("p3", "ann", "volume")]
    ):
        index.add_post(name, Post("general", author, "", text, START, ordinal), VECTORS.vector(text))
    index.add_reply("r1", Reply("p2", "general", "ben", START, True))
    number = {name: index.people.number(name) for name in ("ann", "ben", "cas")}
    now = START.timestamp() + DAY
    graph = Graph({number["ben"]: {number["cas"]}, number["cas"]: {number["ben"]}})
    shared = everybody(index, graph, (PUBLIC,), now)
    assert shared[PLACES["joins 30d"], number["ben"]] > shared[PLACES["joins 30d"], number["cas"]] == 0
    assert shared[PLACES["asks 30d"], number["cas"]] > shared[PLACES["asks 30d"], number["ben"]]
    assert shared[PLACES["neighbours"]].tolist() == [graph.degrees(3)[n] for n in range(3)]
    others = np.array([number["ben"], number["cas"]])
    matched = np.zeros(3)
    matched[number["ben"]] = 0.5
    asks = pair_signals(index, graph, shared, number["ann"], others, matched, now)
    assert asks.shape == (2, len(SIGNALS))
    half = len(SIGNALS) // 2
    assert np.allclose(asks[:, half:], asks[:, :half], atol=1e-3)  # ann only asks
    answers = pair_signals(index, graph, shared, number["ben"], np.array([number["ann"], number["cas"]]), matched, now)
    assert np.allclose(answers[:, half:], 0, atol=1e-2)  # ben only answers
    assert hand_set().scores(asks)[0] > hand_set().scores(asks)[1]


def test_a_model_goes_through_plain_values_unharmed() -> None:
    """Weights come back as they were; those of other signals are refused."""
    model = Meeting("v", np.random.default_rng(1).standard_normal(len(SIGNALS)))
    assert Meeting.from_dict(model.as_dict()).weights.tobytes() == model.weights.tobytes()
    with pytest.raises(ValueError, match="train it anew"):
        Meeting.from_dict({"version": "v", "weights": {}})
