"""Read how the load is shared in a community, as operators see it."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.nudge.budget import reserved, role_of, weekly_limit, within_week
from services.nudge.documents import ASKS, MEMBERS, Asks, Member
from services.nudge.load import LOADS, Load
from services.nudge.measure import week_of
from services.nudge.settings import NudgeSettings
from shared.gini import gini
from shared.reading import StateReader

# So many ISO weeks, this one among them, where nothing else is said.
WEEKS: Final = 4


async def read_load(
    reader: StateReader, community: str, now: datetime, settings: NudgeSettings, weeks: int = WEEKS
) -> dict[str, Any]:
    """Give how often each was asked in the last ISO weeks, the most first, and the Gini coefficient of that.

    Over all who came into question in that time, asked or not: 0 where all were asked as often, near 1 where one was
    asked always.

    Raises:
        Unavailable: the store is away.
    """
    names = [week_of(now - timedelta(weeks=ago)) for ago in range(weeks)]
    loads = [load or Load() for load in await reader.get_many(community, LOADS, names)]
    total = {who: sum(load.asks.get(who, 0) for load in loads) for load in loads for who in load.asks}
    people = sorted(total, key=lambda who: (-total[who], who))
    members = await reader.get_many(community, MEMBERS, people)
    asks = await reader.get_many(community, ASKS, people)
    return {
        **_shared(total),
        "weeks": [{"week": name, **_shared(load.asks)} for name, load in zip(names, loads, strict=True)],
        "each": [
            {
                "member": who,
                "name": member.name if member is not None and member.name else who,
                "asks": total[who],
                "by_week": [load.asks.get(who, 0) for load in loads],
                **_week(member, times or Asks(), now, settings),
            }
            for who, member, times in zip(people, members, asks, strict=True)
        ],
    }


def _shared(asks: dict[str, int]) -> dict[str, Any]:
    return {
        "asks": sum(asks.values()),
        "people": len(asks),
        "asked": sum(count > 0 for count in asks.values()),
        "gini": round(gini(list(asks.values()), len(asks)), 4),
    }


def _week(member: Member | None, asks: Asks, now: datetime, settings: NudgeSettings) -> dict[str, Any]:
    """Show somebody's attention budget: the asks of the last 7 x 24 h, and how many they may have."""
    if member is None or member.left:
        return {"role": None, "last_7_days": 0, "limit": 0, "reserved": 0}
    limit = weekly_limit(member, settings)
    return {
        "role": role_of(member).value,
        "last_7_days": len(within_week(asks.times, now)),
        "limit": limit,
        "reserved": reserved(limit, settings),
    }
