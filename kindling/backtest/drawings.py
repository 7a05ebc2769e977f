"""The charts of a backtest's page."""

import math
from collections.abc import Iterator, Sequence
from typing import cast

from markupsafe import Markup

from kindling.backtest.shapes import Period, Week
from kindling.evaluate import charts
from kindling.evaluate.charts import Bar, Line, Tick
from kindling.evaluate.shapes import Kind
from kindling.evaluate.words import figure

# Weeks are drawn together until there are no more points than this.
_POINTS = 60
_HOURS = 72
_SHORT = {
    "answered_unasked": "answered before any ask",
    "answered_by_asked": "asked, answered by the asked",
    "answered_by_others": "asked, answered by others",
    "silent_asked": "asked, never answered",
    "missed": "never answered, nobody asked",
}
_RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)


def outcomes(key: str, period: Period) -> Markup:
    """Draw what became of posts, as shares of all."""
    counts = cast("dict[str, int]", period["outcomes"])
    rows = []
    for name, said in _SHORT.items():
        kind = Kind.BASELINE if name in ("answered_unasked", "missed") else Kind.OURS
        rows.append(Bar(said, kind, counts[name] / period["posts"], None, None))
    return charts.bars(key, "What became of posts: share of all", rows)


def precision(key: str, period: Period) -> Markup:
    """Draw how often the asked person really replied, where somebody did, beside simpler choices."""
    found = period["precision"]["about posts that somebody answered afterwards"]
    right = found["right"]
    rows = [Bar("Kindling", Kind.OURS, right["mean"] or 0.0, right["low"], right["high"])]
    for name, share in (("the most active one", found["most_active"]), ("anybody at random", found["by_chance"])):
        if share is not None:
            rows.append(Bar(name, Kind.BASELINE, share, None, None))
    return charts.bars(key, "Asked about posts that were answered afterwards: the asked person replied", rows)


def caught(key: str, period: Period) -> Markup:
    """Draw which share of silent posts would have been asked about by which hour."""
    given = [
        Line(
            name, style, tuple((hours / _HOURS, share) for hours, share in found["by_hours"]), _told(found["by_hours"])
        )
        for name, style, found in (
            ("no answer within 24 h", "baseline", period["caught_in_a_day"]),
            ("no answer within 7 days", "ours", period["caught_at_all"]),
        )
    ]
    across = [Tick(hours / _HOURS, f"{hours}") for hours in range(0, _HOURS + 1, 12)]
    title = "Share of silent posts that somebody would have been asked about, by hours after the post"
    return charts.lines(key, title, given, across, _percents(), ("hours after the post", "asked about"))


def _told(points: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"after {hours:g} h {figure(share)}" for hours, share in points)


def load(key: str, period: Period) -> Markup:
    """Draw which share of all asks the most asked had, beside who really answered."""
    named = (("what really happened", "really", period["load"]["really"]), ("asks", "ours", period["load"]["asks"]))
    most = max((found["curve"][-1][0] for _, _, found in named if found["curve"]), default=1)
    given = [
        Line(
            name,
            style,
            tuple((charts.log_place(n, most), share) for n, share in found["curve"]),
            ", ".join(f"the first {n:,} had {figure(share)}" for n, share in found["curve"]),
        )
        for name, style, found in named
    ]
    across = [Tick(charts.log_place(n, most), f"{n:,}") for n in _RANKS if n <= most]
    title = "Share of all asks that the most asked people would have had"
    return charts.lines(key, title, given, across, _percents(), ("so many of the busiest", "of all"))


def by_week(weeks: Sequence[Week]) -> Markup | None:
    """Draw posts, silent posts and asks a week over time; nothing where there are no two points."""
    spans = list(_spans(weeks))
    if len(spans) < 2:
        return None
    series: dict[str, list[float]] = {
        "posts": [sum(week["posts"] for week in span) / len(span) for span in spans],
        "silent for 24 h": [sum(week["silent_day"] for week in span) / len(span) for span in spans],
        "asks": [sum(week["asks"] for week in span) / len(span) for span in spans],
    }
    top = _round_up(max(max(values) for values in series.values()))
    given = [
        Line(
            name,
            style,
            tuple((place / (len(spans) - 1), value / top) for place, value in enumerate(values)),
            f"at most {max(values):.1f}, at last {values[-1]:.1f}",
        )
        for (name, values), style in zip(series.items(), ("really", "baseline", "ours"), strict=True)
    ]
    up = [Tick(part / 4, f"{top * part / 4:g}") for part in range(5)]
    return charts.lines("weeks", "Posts and asks a week", given, _dates(spans), up, ("week from", "a week"))


def right_by_week(weeks: Sequence[Week]) -> Markup | None:
    """Draw over time which share of asks was to somebody who really replied; nothing where there are no two points."""
    spans = [span for span in _spans(weeks) if sum(week["asks"] for week in span)]
    if len(spans) < 2:
        return None
    shares = [sum(week["right"] for week in span) / sum(week["asks"] for week in span) for span in spans]
    marks = charts.scale(max(shares))
    points = tuple((place / (len(spans) - 1), share / marks[-1]) for place, share in enumerate(shares))
    told = ", ".join(f"from {span[0]['since'][:10]} {figure(share)}" for span, share in zip(spans, shares, strict=True))
    up = [Tick(mark / marks[-1], figure(mark, 2)) for mark in marks]
    title = "Share of asks to somebody who really replied"
    given = [Line("asks that were right", "ours", points, told)]
    return charts.lines("right", title, given, _dates(spans), up, ("week from", "of asks"))


def weeks_a_point(weeks: Sequence[Week]) -> int:
    """Say how many weeks are drawn as one point."""
    return max(1, math.ceil(len(weeks) / _POINTS))


def _spans(weeks: Sequence[Week]) -> Iterator[Sequence[Week]]:
    size = weeks_a_point(weeks)
    for start in range(0, len(weeks), size):
        yield weeks[start : start + size]


def _dates(spans: Sequence[Sequence[Week]]) -> list[Tick]:
    last = len(spans) - 1
    places = sorted({round(last * part / 3) for part in range(4)})
    return [Tick(place / last, spans[place][0]["since"][:10]) for place in places]


def _percents() -> list[Tick]:
    return [Tick(part / 4, f"{25 * part} %") for part in range(5)]


def _round_up(most: float) -> float:
    """Give the next round number above, which four marks divide well."""
    step = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    return next(step * times for times in (1, 2, 4, 8, 10) if step * times >= most)
