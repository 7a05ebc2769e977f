"""Take posts out of the evidence of what is kept: of matches, peers and introductions."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from services.recommend.documents import Introduction, Peer
from shared.events import Evidence, Match

T = TypeVar("T", Peer, Introduction)


def evidence_without(evidence: tuple[Evidence, ...], posts: frozenset[str]) -> tuple[Evidence, ...]:
    """Give evidence that names none of these posts."""
    if not posts:
        return evidence
    kept = []
    for e in evidence:
        shown = tuple(post for post in e.posts if post not in posts)
        if shown or not e.posts:
            kept.append(e.model_copy(update={"posts": shown, "count": max(0, e.count - len(e.posts) + len(shown))}))
    return tuple(kept)


def match_without(match: Match, posts: frozenset[str]) -> Match:
    """Give a match whose evidence names none of these posts."""
    evidence = evidence_without(match.evidence, posts)
    return match if evidence == match.evidence else match.model_copy(update={"evidence": evidence})


def all_without(kept: Iterable[T], posts: frozenset[str]) -> tuple[T, ...]:
    """Give peers or introductions whose evidence names none of these posts."""
    return tuple(replace(one, evidence=evidence_without(one.evidence, posts)) for one in kept)
