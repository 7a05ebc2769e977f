import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommend.bm25 import K1, B, Bm25

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=8)
STEPS = st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), WORDS)), max_size=25)
SCOPES = st.lists(st.sampled_from(["", "board"]), min_size=7, max_size=7)


def slow(documents: dict[int, list[str]], query: list[str], size: int, most: int) -> list[float]:
    """BM25 as the textbook has it, document by document."""
    held = Counter(term for terms in documents.values() for term in set(terms))
    known = sorted((held[t], t) for t in set(query) if held[t])[:most]
    mean = sum(map(len, documents.values())) / max(1, len(documents))
    scores = [0.0] * size
    for row, terms in documents.items():
        for df, term in known:
            tf = terms.count(term)
            idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            if tf:
                scores[row] += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(terms) / mean))
    return scores


@given(STEPS, WORDS, st.integers(1, 8), SCOPES, SCOPES)
def test_scores_are_those_of_the_textbook_after_any_changes(
    steps: list[tuple[int, list[str] | None]], query: list[str], most: int, first: list[str], then: list[str]
) -> None:
    """Posts may come, change, move and go: scores are as if only what is seen had ever been there, bit for bit."""
    index, documents = Bm25(), dict[int, list[str]]()
    for row, terms in steps:
        if terms is None:
            if row in documents:
                index.remove(row, documents.pop(row), first[row])
        elif row in documents:
            index.replace(row, documents[row], terms, first[row])
            documents[row] = terms
        else:
            index.add(row, terms, first[row])
            documents[row] = terms
    for row, terms in documents.items():
        index.count(terms, first[row], -1)
        index.count(terms, then[row], 1)
    for scopes in ([""], ["", "board"]):
        seen = {row: documents[row] for row in sorted(documents) if then[row] in scopes}
        scores = index.scores(query, 7, most, scopes)[list(seen)]
        assert scores.tolist() == pytest.approx([slow(seen, query, 7, most)[row] for row in seen], abs=1e-9)
        fresh = Bm25()
        for row, terms in seen.items():
            fresh.add(row, terms, "")
        assert np.array_equal(scores, fresh.scores(query, 7, most, [""])[list(seen)])


def test_only_the_rarest_terms_are_looked_up() -> None:
    """A long post costs no more than its rarest terms; ties are broken by the term."""
    index = Bm25()
    index.add(0, ["common", "rare"], "")
    index.add(1, ["common", "other"], "")
    assert index.scores(["common", "rare"], 2, 1, [""]).tolist()[1] == 0.0
    assert index.scores(["unknown"], 2, 5, [""]).tolist() == [0.0, 0.0]
