"""A decision in sentences, from what nudge's door says of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

BARS = {
    "unknown": "not known here",
    "author": "wrote the post",
    "asked": "was asked about it before",
    "no_role": "no champion or leader",
    "left": "has left",
    "bot": "a bot",
    "unreadable": "cannot read the channel",
    "opted_out": "wants none of this kind",
    "at_a_wish": "left out at somebody's wish",
    "paused": "pauses",
    "consent": "has not agreed to be asked",
    "contact": "has only just been told of it, or not yet",
    "away": "away on these days",
    "holiday": "a holiday of the community",
    "budget": "asked as often this week as they may be",
    "gap": "asked too short a time ago",
    "slowed": "asked more rarely, as they let asks go by",
    "hours": "outside their hours",
    "turn": "not their turn yet: members come first, then champions, then leaders",
    "digest": "asked only in their next digest",
}
_STATES = {
    "open": "It is open: they have not said anything yet, until {expires}.",
    "claimed": "They have claimed it, until {expires}.",
    "done": "They said that it is done, and no reply has been seen yet.",
    "acted": "They replied: message {reply}, at {closed}.",
    "expired": "Nothing came of it until {closed}.",
}
_WITHDRAWN = {
    "answered": "somebody else had answered",
    "resolved": "the thread was settled",
    "removed": "the post was removed",
    "unreadable": "it could not be read any more",
    "passed": "they passed it on",
    "handed_over": "they handed it over",
    "opted_out": "they want none of this kind any more, or pause",
    "left": "they have left",
    "away": "they are away",
    "stepped_down": "they have no role any more",
    "taken_back": "it was taken back",
}


def heading(decision: dict[str, Any]) -> str:
    """Say what was decided."""
    if decision["nudge"] is None:
        return f"Nobody was asked about post {decision['post']['id']}"
    person = decision["member"] or "Somebody who was forgotten"
    role = f", as {decision['role']}," if decision["role"] else ""
    handed = " to whom it was handed over," if decision["handed_over"] else ""
    return f"{person}{role}{handed} was asked about post {decision['post']['id']} ({decision['kind']})"


def sentences(decision: dict[str, Any]) -> Iterator[str]:
    """Say when it was due and why, by what chance, and what became of it."""
    post = decision["post"]
    yield f"The post is of {when(post['published'])}, in channel {post['channel']}."
    yield from (f"{name.capitalize()}: {post[name]}" for name in ("title", "excerpt") if post.get(name))
    yield _due(decision)
    yield f"It was decided at {when(decision['decided'])}, {_after(post['published'], decision['decided'])}."
    if decision["nudge"] is None:
        yield _nobody(decision)
        return
    yield _chosen(decision)
    if "asks_this_week" in decision["features"]:
        yield _budget(decision["features"])
    chance = decision["propensity"]
    yield f"Probability of this choice: {chance:g}" + (": no chance was in it." if chance == 1 else ", drawn.")
    if decision["outcome"] is not None:
        yield from _outcome(decision["outcome"])


def _budget(features: dict[str, float]) -> str:
    used, limit, kept = features["asks_this_week"], features["weekly_limit"], features.get("reserved", 0)
    said = f"Budget: they had been asked {used:.0f} times in 7 x 24 h, of {limit:.0f} that they may be"
    if not kept:
        return f"{said}."
    urgent = "this is" if features.get("urgent") else "this is not"
    return f"{said}; {kept:.0f} of these {'is' if kept == 1 else 'are'} kept for what is urgent, which {urgent}."


def _due(decision: dict[str, Any]) -> str:
    after = _after(decision["post"]["published"], decision["due"])
    said = f"Asking was due at {when(decision['due'])}, {after}"
    if not decision["still_open"]:
        return f"{said}: a fixed wait, as nothing was known of how long it stays open."
    curve = ", ".join(f"{100 * one['probability']:.0f} % after {one['hours']:g} h" for one in decision["still_open"])
    patience = f"{decision['patience_hours']:g} hours of silence weigh as much as one ask"
    return (
        f"{said}: from then on an hour more of waiting cost more than it could spare, where {patience}. "
        f"Likely to be without an answer still: {curve}."
    )


def _nobody(decision: dict[str, Any]) -> str:
    people = decision["considered"]
    if decision.get("off_week"):
        return (
            f"It was {decision['off_week']}, a week that was drawn to be without asking, to measure what asking adds: "
            "these came into question, and nobody was to be asked."
        )
    if decision["held"]:
        return "It was left alone at random, to measure what asking adds: else somebody would have been asked."
    if not people:
        return "Nobody came into question any more: as many had been asked as may be, or nobody matched."
    if any(not one["bars"] for one in people):
        return "Those who could be asked were worth more for another post, or asking cost more than it would bring."
    return f"All {len(people)} who came into question were barred."


def _chosen(decision: dict[str, Any]) -> str:
    free = [one for one in decision["considered"] if not one["bars"]]
    barred = len(decision["considered"]) - len(free)
    worth = decision["features"].get("worth")
    said = f"Of {len(decision['considered'])} who came into question {barred} were barred"
    return f"{said}; asking this one was worth {worth:.3f} answers." if worth is not None else f"{said}."


def _outcome(outcome: dict[str, Any]) -> Iterator[str]:
    if outcome["seen"]:
        yield f"They saw it at {when(outcome['seen'])}."
    if outcome["answer"]:
        said = f"They said: {outcome['answer'].replace('_', ' ')}"
        by = outcome.get("answered_by")
        yield f"{said}, by their delegate {by}." if by else f"{said}."
    times = {name: when(outcome[name]) if outcome[name] else "-" for name in ("expires", "closed")}
    if outcome["state"] == "withdrawn":
        yield f"It was withdrawn at {times['closed']}: {_WITHDRAWN.get(outcome['withdrawn'], outcome['withdrawn'])}."
    else:
        yield _STATES[outcome["state"]].format(reply=outcome["reply"], **times)


def beside(one: dict[str, Any]) -> str:
    """Say what barred somebody, or how likely they were to be drawn."""
    drawn = "" if one["chance"] is None else f"drawn by a chance of {100 * one['chance']:.0f} %"
    return ", ".join(BARS.get(bar, bar) for bar in one["bars"]) or drawn


def when(at: str) -> str:
    """Write a time in UTC to the minute."""
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _after(start: str, end: str) -> str:
    hours = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600
    return "at once" if hours <= 0 else f"{hours:.1f} h after the post"
