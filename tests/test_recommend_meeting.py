"""Whom a member would meet: the graph, the signals, the model."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.documents import Channel, Post, Reply
from services.recommend.graph import Graph
from services.recommend.index import Index
from services.recommend.meeting import PLACES, SIGNALS, Meeting, crowd, hand_set, pair_signals
from services.recommend.past import Past
from services.recommend.profile import PUBLIC
from services.recommend.settings import RecommendSettings
from services.recommend.spans import DAY, HOUR
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
    graph = Graph([{person: dict.fromkeys(reached, 1) for person, reached in neighbours.items()}])
    found = graph.adamic_adar(member, 6)
    for other in range(6):
        shared = neighbours.get(member, set()) & neighbours.get(other, set())
        expected = sum(1 / math.log(len(neighbours[n])) for n in shared if len(neighbours[n]) > 1)
        assert found[other] == pytest.approx(expected)
    assert graph.degrees(6).tolist() == [len(neighbours.get(n, ())) for n in range(6)]


@given(EDGES, EDGES, st.integers(0, 5), st.integers(0, 5))
def test_neighbours_of_several_scopes_are_put_together(
    public: set[tuple[int, int]], private: set[tuple[int, int]], one: int, other: int
) -> None:
    """Who met in either scope has met, and the answers of both count."""
    tables: list[dict[int, dict[int, int]]] = [{}, {}]
    for table, edges in zip(tables, (public, private), strict=True):
        for a, b in edges:
            table.setdefault(a, {})[b] = table.setdefault(b, {})[a] = 2
    graph = Graph(tables)
    both = public | private
    assert graph.neighbours(one) == {b if a == one else a for a, b in both if one in (a, b)}
    expected = sum(2 for edges in (public, private) if {(one, other), (other, one)} & edges)
    assert graph.answers(one, other) == expected


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
    seen = crowd(index, (PUBLIC,), START.timestamp() + DAY)
    assert seen.values[PLACES["joins 30d"], number["ben"]] > seen.values[PLACES["joins 30d"], number["cas"]] == 0
    assert seen.values[PLACES["asks 30d"], number["cas"]] > seen.values[PLACES["asks 30d"], number["ben"]]
    assert seen.values[PLACES["neighbours"]].tolist() == [{"ann": 0, "ben": 1, "cas": 1}[n] for n in index.people.ids]
    others = np.array([number["ben"], number["cas"]])
    matched = np.zeros(3)
    matched[number["ben"]] = 0.5
    asks = pair_signals(index, seen, number["ann"], others, matched)
    assert asks.shape == (2, len(SIGNALS))
    half = len(SIGNALS) // 2
    assert np.allclose(asks[:, half:], asks[:, :half], atol=1e-3)  # ann only asks
    answers = pair_signals(index, seen, number["ben"], np.array([number["ann"], number["cas"]]), matched)
    assert np.allclose(answers[:, half:], 0, atol=1e-2)  # ben only answers
    assert hand_set().scores(asks)[0] > hand_set().scores(asks)[1]


def test_who_writes_at_the_same_hours_can_meet() -> None:
    """Compatible hours are the cosine of when both write: 1 at the same hours, 0 where they never overlap."""
    index = Index(RecommendSettings(), VECTORS.dimension)
    index.set_channel("general", Channel(Privacy.PUBLIC), {}, {})
    written = [("ann", 9), ("ann", 20), ("ben", 9), ("ben", 20), ("cas", 3), ("dan", 9)]
    for n, (who, hour) in enumerate(written):
        at = START.replace(hour=hour)
        index.add_post(f"p{n}", Post("general", who, "", "hello", at, n), VECTORS.vector("hello"))
    hours = crowd(index, (PUBLIC,), START.timestamp() + DAY).hours
    number = index.people.numbers
    near = {name: float(hours[number[name]] @ hours[number["ann"]]) for name in ("ben", "cas", "dan")}
    assert near == pytest.approx({"ben": 1.0, "cas": 0.0, "dan": math.sqrt(0.5)})


def test_a_model_goes_through_plain_values_unharmed() -> None:
    """Weights come back as they were; those of other signals are refused."""
    model = Meeting("v", np.random.default_rng(1).standard_normal(len(SIGNALS)))
    assert Meeting.from_dict(model.as_dict()).weights.tobytes() == model.weights.tobytes()
    with pytest.raises(ValueError, match="train it anew"):
        Meeting.from_dict({"version": "v", "weights": {}})


WRITTEN_AT = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 72)), max_size=15)


@given(WRITTEN_AT, st.sets(st.integers(0, 14)))
def test_who_met_how_many_and_wrote_when_is_counted_along(
    written: list[tuple[int, int, int]], removed: set[int]
) -> None:
    """Counts carried from event to event are those that counting anew gives, also when answers are taken back."""
    past = Past()
    for row in range(4):
        past.add_post(row, PUBLIC, "general", row, 0.0)
    answers = {n: entry for n, entry in enumerate(written) if entry[0] != entry[1]}
    for n, (row, person, hour) in answers.items():
        past.add_message(PUBLIC, "general", person, hour * HOUR, row)
        past.add_answer(row, f"r{n:02}", person, hour * HOUR)
    for n in sorted(removed & set(answers)):
        row, person, hour = answers.pop(n)
        past.remove_answer(row, f"r{n:02}", person, hour * HOUR)
        past.remove_message(PUBLIC, "general", person, hour * HOUR, row)
    met = [{row for row, one, _ in answers.values() if one == n} for n in range(4)]
    asked = [{one for row, one, _ in answers.values() if row == n} for n in range(4)]
    assert past.degrees(PUBLIC, 4).tolist() == [len(met[n] | asked[n]) for n in range(4)]
    hours = np.zeros((4, 24))
    hours[:, 0] += 1
    for _, person, hour in answers.values():
        hours[person, hour % 24] += 1
    assert past.hours((PUBLIC,), 4).tolist() == hours.tolist()
