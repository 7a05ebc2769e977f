"""Measuring: medians of several runs, with their spread, because machines are noisy."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure: `value` is the median of the runs, in `unit`."""

    what: str
    value: float
    unit: str
    lowest: float
    highest: float
    runs: int


def figure(what: str, values: list[float], unit: str) -> Figure:
    """Make a figure of several runs."""
    return Figure(what, statistics.median(values), unit, min(values), max(values), len(values))


def quantile(what: str, values: list[float], share: float, unit: str) -> Figure:
    """Make a figure of what so large a share of the runs does not exceed."""
    ordered = sorted(values)
    return Figure(what, ordered[math.ceil(share * len(ordered)) - 1], unit, ordered[0], ordered[-1], len(ordered))


def rate(what: str, work: Callable[[], int], unit: str, runs: int = 5) -> Figure:
    """Measure how many things a second `work` does; it gives their number."""
    work()
    values = []
    for _ in range(runs):
        started = time.perf_counter()
        done = work()
        values.append(done / (time.perf_counter() - started))
    return figure(what, values, unit)


def duration(what: str, work: Callable[[], object], runs: int = 5) -> Figure:
    """Measure how many milliseconds `work` takes."""
    work()
    values = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        values.append((time.perf_counter() - started) * 1000)
    return figure(what, values, "ms")
