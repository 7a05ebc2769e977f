"""What `kindling community status` says of what nobody could be asked about, and of who carries how much."""

from collections.abc import Mapping
from typing import Any, Final

from kindling.explain.words import BARS, when
from kindling.terminal import harmless
from services.nudge.unasked import Why

_WHY: Final = {
    Why.BARRED: "all who came into question were barred",
    Why.NO_MATCH: "nobody matched",
    Why.ENOUGH: "as many had been asked as may be",
    Why.WORTH: "asking cost more than it would bring",
    Why.OFF_WEEK: "it is a week without asking",
}
_MOST_NAMED: Final = 5


def told_unasked(unasked: Mapping[str, Any]) -> str:
    """Say about how many things nobody could be asked, since when, and what stood in the way."""
    if not unasked["open"]:
        return "nothing"
    said = [f"{unasked['open']} open, the first since {when(unasked['since'])}"]
    said += [f"{count} x {_WHY[Why(why)]}" for why, count in unasked["why"].items()]
    people = [f"{count} {BARS[bar]}" for bar, count in unasked["people_barred"].items()]
    return "\n".join([*said, *([f"people barred: {'; '.join(people)}"] if people else [])])


def told_load(load: Mapping[str, Any]) -> str:
    """Say how the asks of the last weeks are shared, and who had most of them."""
    if not load["people"]:
        return "nobody came into question"
    asks = f"{load['asks']} asks of {load['asked']} people, of {load['people']} who came into question"
    most = [
        f"{harmless(one['member'])} {one['asks']} ({one['last_7_days']} of {one['limit']} in the last 7 days)"
        for one in load["each"][:_MOST_NAMED]
        if one["asks"]
    ]
    return "\n".join([f"{asks}; Gini {load['gini']:.2f}", *(["most: " + ", ".join(most)] if most else [])])


def weeks_told(load: Mapping[str, Any]) -> str:
    """Name the time that the load is of."""
    return f"asked in {len(load['weeks'])} weeks"
