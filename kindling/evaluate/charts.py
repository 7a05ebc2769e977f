"""Charts as inline SVG: no script, colours by the page's style, a title and a description for who cannot see them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from kindling.evaluate.shapes import BinSummary, Kind
from kindling.evaluate.words import between, figure

WIDTH = 920
_NAMES = 240
_ROW = 30
_LETTERS = 32


@dataclass(frozen=True, slots=True)
class Bar:
    """One method's bar: a mean between 0 and 1 with its interval."""

    name: str
    kind: Kind
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points between 0 and 1 in both directions.

    `style` is a class of the page's style; `told` says the same in words, for the chart's description.
    """

    name: str
    style: str
    points: tuple[tuple[float, float], ...]
    told: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, between 0 and 1."""

    at: float
    label: str


def svg(key: str, title: str, description: str, width: float, height: float, parts: Iterable[Markup]) -> Markup:
    """Frame a chart. `key` is unique on the page."""
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {w:.0f} {h:.0f}" style="max-width:{w:.0f}px" '
        'aria-labelledby="{key}-t {key}-d" xmlns="http://www.w3.org/2000/svg">'
        '<title id="{key}-t">{title}</title><desc id="{key}-d">{description}</desc>{parts}</svg>'
    ).format(key=key, title=title, description=description, w=width, h=height, parts=Markup("").join(parts))


def bars(key: str, title: str, rows: Sequence[Bar]) -> Markup:
    """Draw a bar for each method, with a whisker for its interval and its figure at the end."""
    marks = scale(max(max(bar.mean, bar.high or 0.0) for bar in rows))
    top = marks[-1]
    left, right = _NAMES, WIDTH - 60
    height = _ROW * len(rows) + 34

    def x(value: float) -> float:
        return left + (right - left) * value / top

    parts = []
    for tick in marks:
        parts.append(_line("grid", x(tick), 4, x(tick), height - 26))
        parts.append(_text("tick", x(tick), height - 10, figure(tick, 2), "middle"))
    for number, bar in enumerate(rows):
        y = 8 + number * _ROW
        parts.append(_text(f"name {bar.kind}", left - 10, y + 16, _short(bar.name), "end"))
        parts.append(
            Markup(
                '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="20" rx="3"><title>{}</title></rect>'
            ).format(bar.kind, left, y, max(0.5, x(bar.mean) - left), _told(bar))
        )
        end = x(bar.mean)
        if bar.low is not None and bar.high is not None:
            end = x(bar.high)
            parts.append(_line("whisker", x(bar.low), y + 10, end, y + 10))
            parts.extend(_line("whisker", x(at), y + 5, x(at), y + 15) for at in (bar.low, bar.high))
        parts.append(_text(f"value {bar.kind}", end + 8, y + 15, figure(bar.mean), "start"))
    return svg(key, title, "; ".join(_told(bar) for bar in rows), WIDTH, height, parts)


def _told(bar: Bar) -> str:
    return f"{bar.name}: {figure(bar.mean)} {between(bar.low, bar.high)}".rstrip()


def lines(
    key: str, title: str, given: Sequence[Line], across: Sequence[Tick], up: Sequence[Tick], labels: tuple[str, str]
) -> Markup:
    """Draw lines over two axes, whose labels are (across, up); the page's legend names the lines."""
    width, height = 560.0, 300.0
    left, right, top, bottom = 58.0, width - 18, 12.0, height - 48

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return left + (right - left) * point[0], bottom - (bottom - top) * point[1]

    parts = _axes(across, up, labels, (left, right, top, bottom))
    for line in given:
        parts.append(_path(f"line {line.style}", [at(point) for point in line.points]))
        parts.extend(_dot(f"dot {line.style}", at(point), line.name) for point in line.points)
    told = "; ".join(f"{line.name}: {line.told}" for line in given)
    return svg(key, title, told, width, height, parts)


def reliability(key: str, title: str, ours: Sequence[BinSummary], other: Sequence[BinSummary]) -> Markup:
    """Draw what was said across and what happened up: on the diagonal, probabilities mean what they say.

    Ours has whiskers for the 95 % interval of what happened; `other`, the best simple rule, is drawn without.
    """
    size = 340.0
    left, right, top, bottom = 66.0, size - 24, 12.0, size - 52
    ticks = [Tick(part / 4, f"{25 * part} %") for part in range(5)]

    def at(across: float, up: float) -> tuple[float, float]:
        return left + (right - left) * across, bottom - (bottom - top) * up

    parts = _axes(ticks, ticks, ("said", "stayed silent"), (left, right, top, bottom))
    parts.append(_line("diagonal", *at(0, 0), *at(1, 1)))
    points = [at(one["probability"], one["observed"]) for one in other]
    parts.append(_path("line baseline", points))
    parts.extend(_dot("dot baseline", point, "the best simple rule") for point in points)
    for one in ours:
        parts.append(_line("whisker", *at(one["probability"], one["low"]), *at(one["probability"], one["high"])))
    points = [at(one["probability"], one["observed"]) for one in ours]
    parts.append(_path("line ours", points))
    said = [f"said {_percent(b['probability'])}, happened {_percent(b['observed'])} of {b['posts']:,}" for b in ours]
    parts.extend(_dot("dot ours", point, told) for point, told in zip(points, said, strict=True))
    return svg(key, title, "; ".join(said), size, size, parts)


def scale(most: float) -> list[float]:
    """Choose the marks of an axis from 0: round steps, six at most, the last above the most but 1 at most."""
    step = next((step for step in (0.005, 0.01, 0.02, 0.05, 0.1) if most <= 5.8 * step), 0.2)
    steps = min(round(1 / step), math.floor(most / step) + 1)
    return [round(step * number, 3) for number in range(steps + 1)]


def log_place(number: int, most: int) -> float:
    """Place a number from 1 to the most on an axis that grows by factors."""
    return math.log(number) / math.log(most) if most > 1 else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"


def _axes(
    across: Sequence[Tick], up: Sequence[Tick], labels: tuple[str, str], box: tuple[float, float, float, float]
) -> list[Markup]:
    left, right, top, bottom = box
    parts = []
    for tick in up:
        y = bottom - (bottom - top) * tick.at
        parts += [_line("grid", left, y, right, y), _text("tick", left - 8, y + 4, tick.label, "end")]
    for tick in across:
        x = left + (right - left) * tick.at
        parts += [_line("grid", x, top, x, bottom), _text("tick", x, bottom + 18, tick.label, "middle")]
    middle = (top + bottom) / 2
    parts.append(_text("axis", (left + right) / 2, bottom + 38, labels[0], "middle"))
    parts.append(
        Markup('<text class="axis" text-anchor="middle" transform="translate(13 {:.1f}) rotate(-90)">{}</text>').format(
            middle, labels[1]
        )
    )
    return parts


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(style, x1, y1, x2, y2)


def _path(style: str, points: Sequence[tuple[float, float]]) -> Markup:
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(style, joined)


def _dot(style: str, point: tuple[float, float], told: str) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.5"><title>{}</title></circle>').format(
        style, *point, told
    )


def _text(style: str, x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(style, x, y, anchor, text)
