"""Read about what nobody could be asked, and why, as operators see it: the ids of posts, and no texts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from services.nudge.decision_log import DECISIONS, Considered, nobody_key
from services.nudge.documents import OPPORTUNITIES, THE_COMMUNITY, Opportunity
from services.nudge.read_decision import told_bars
from services.nudge.unasked import UNASKED, Unasked, Waiting
from shared.reading import StateReader

# Of more, those that have waited longest are shown one by one; all are counted.
MOST_SHOWN: Final = 100


async def read_unasked(reader: StateReader, community: str) -> dict[str, Any]:
    """Give how many open posts and other things nobody could be asked about, why, and what barred how many people.

    Raises:
        Unavailable: the store is away.
    """
    waiting = (await reader.get(community, UNASKED, THE_COMMUNITY) or Unasked()).waiting
    ordered = sorted(waiting, key=lambda key: (waiting[key].since, key))
    opportunities = await reader.get_many(community, OPPORTUNITIES, ordered)
    decisions = await reader.get_many(community, DECISIONS, [nobody_key(key) for key in ordered])
    considered = [decision.considered if decision is not None else () for decision in decisions]
    # Between two reads one may have been closed.
    known = [
        (key, opportunity, people)
        for key, opportunity, people in zip(ordered, opportunities, considered, strict=True)
        if opportunity is not None and opportunity.closed is None
    ]
    barred = {(one.member, bar) for _, _, people in known for one in people for bar in told_bars(one)}
    return {
        "open": len(known),
        "since": waiting[known[0][0]].since.isoformat() if known else None,
        "why": _counted(waiting[key].why.value for key, _, _ in known),
        "people_barred": _counted(bar for _, bar in barred),
        "unasked": [_as_json(key, waiting[key], one, people) for key, one, people in known[:MOST_SHOWN]],
    }


def _as_json(key: str, waiting: Waiting, opportunity: Opportunity, people: tuple[Considered, ...]) -> dict[str, Any]:
    return {
        "post": key,
        "kind": opportunity.kind.value,
        "channel": opportunity.channel,
        "published": opportunity.published.isoformat(),
        "ends": opportunity.ends.isoformat(),
        "since": waiting.since.isoformat(),
        "why": waiting.why.value,
        "asked_before": len(opportunity.asked),
        "considered": len(people),
        "barred": _counted(bar for one in people for bar in told_bars(one)),
    }


def _counted(found: Iterable[str]) -> dict[str, int]:
    """Count, the most first."""
    return dict(sorted(Counter(found).items(), key=lambda pair: (-pair[1], pair[0])))
