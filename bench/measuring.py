"""Measuring: medians of several runs, with their spread, because machines are noisy."""

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
