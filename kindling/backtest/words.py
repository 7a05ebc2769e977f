"""What a backtest says, in words for people: the terminal and the page say the same."""

from collections.abc import Iterator
from typing import cast

from kindling.backtest.shapes import Caught, Period, Precision, Summary
from kindling.evaluate.words import estimated, figure, hundred, several

PERIODS = {"whole": "the whole history", "last year": "the last year of it"}
OUTCOMES = {
    "answered_unasked": "answered by itself, before anybody would have been asked",
    "answered_by_asked": "asked about, then really answered by somebody who was asked",
    "answered_by_others": "asked about, then answered by others all the same",
    "silent_asked": "asked about, and in fact never answered: what asking could have changed",
    "missed": "never answered, and nobody would have been asked",
}
NO_ASKS = (
    "Nobody would have been asked anything. An archive of a month or less names no champions by itself: name them in a "
    "mapping, or let everybody be asked (--ask-members)."
)


def dates(period: Period) -> str:
    """Name a period with its dates."""
    return f"{PERIODS[period['name']]}, {period['since'][:10]} to {period['until'][:10]}"


def answers(made: Summary) -> Iterator[str]:
    """Answer an operator's questions in plain words, by the last period."""
    period = made["periods"][-1]
    when = "" if period["name"] == "whole" else "In the last year of it, "
    posts = several(period["posts"], "post")
    yield (
        f"{when}{hundred(_share(period['silent_day'], period['posts']))} of 100 of {posts} got no answer within 24 "
        f"hours, {hundred(_share(period['silent_week'], period['posts']))} none within a week."
    )
    if not period["asks"]:
        yield NO_ASKS
        return
    yield caught(period["caught_in_a_day"], "24 hours")
    yield caught(period["caught_at_all"], "a week")
    yield unasked(period)
    yield right(period["precision"])
    yield load(period)


def caught(found: Caught, time: str) -> str:
    """Say how many silent posts somebody would have been asked about."""
    if not found["posts"]:
        return f"No post went without an answer for {time}."
    said = f"Of {several(found['posts'], 'post')} without an answer for {time}, somebody would have been asked about"
    if found["median_hours"] is None:
        return f"{said} none."
    return f"{said} {hundred(found['share'])} of 100, at the median {found['median_hours']:.1f} hours after the post."


def unasked(period: Period) -> str:
    """Say how often waiting has spared an ask, and how often an ask would have been for nothing."""
    found = period["outcomes"]
    needless = found["answered_by_asked"] + found["answered_by_others"]
    answered = found["answered_unasked"] + needless
    return (
        f"Of {several(answered, 'post')} that were answered within a week, {hundred(_share(needless, answered))} of "
        f"100 would have been asked about before the answer came; for the others nobody would have been bothered."
    )


def right(found: dict[str, Precision]) -> str:
    """Say how often who was asked was one who really replied."""
    whole, answered = found["all asks"], found["about posts that somebody answered afterwards"]
    said = (
        f"In {hundred(whole['right']['mean'])} of 100 of {several(whole['asks'], 'ask')} the person asked "
        f"really replied in the week after, unasked; where anybody did, in {hundred(answered['right']['mean'])} "
        f"of 100"
    )
    if answered["by_chance"] is None:
        return f"{said}."
    rival = answered["most_active"]
    return f"{said} (anybody at random: {hundred(answered['by_chance'])}; the most active one: {hundred(rival)})."


def load(period: Period) -> str:
    """Say how the asks are shared."""
    found = period["load"]
    over = "nobody beyond their budget" if not found["over_budget"] else f"{found['over_budget']:,} BEYOND A BUDGET"
    return (
        f"{several(period['asks'], 'ask')} go to {found['asked']:,} of {found['people']:,} people, at most "
        f"{found['most_in_week']} in a week to one of them, {over}. The ten who are asked most take "
        f"{hundred(found['asks']['top_ten'])} of 100 (in fact the ten who answered most gave "
        f"{hundred(found['really']['top_ten'])}); Gini {figure(found['asks']['gini'], 2)} (in fact "
        f"{figure(found['really']['gini'], 2)})."
    )


def precision_row(found: Precision) -> tuple[str, str, str, str]:
    """Write one line of the table of precisions: asks, right, by chance, the most active one."""
    return f"{found['asks']:,}", estimated(found["right"]), figure(found["by_chance"]), figure(found["most_active"])


def outcome_rows(period: Period) -> list[tuple[str, int]]:
    """Write what became of posts, and of how many."""
    counts = cast("dict[str, int]", period["outcomes"])
    return [(said, counts[name]) for name, said in OUTCOMES.items()]


def named(place: int, name: str | None) -> str:
    """Name a person, or say only which one it is."""
    return f"person {place}" if name is None else name


def share_of(number: int, whole: int) -> str:
    """Write a number with its share: 123 (.456)."""
    return f"{number:,} ({figure(_share(number, whole))})" if whole else f"{number:,}"


def _share(number: int, whole: int) -> float | None:
    return number / whole if whole else None
