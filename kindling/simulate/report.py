"""The comparison of policies: figures added up over the seeds, as JSON and as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from kindling.simulate.drive import Outcome
from kindling.simulate.policies import TITLES, PolicyName

Outcomes = Mapping[PolicyName, Mapping[int, Outcome]]

_ADDED = (
    "newcomers_posts", "newcomers_answered", "other_posts", "others_answered", "asks", "acted", "withdrawn",
    "over_budget", "left",
)  # fmt: skip
_SAID = ("value", "answered", "newcomers_answered", "asks", "left")


def summarise(outcomes: Outcomes) -> dict[str, Any]:
    """Put everything into one object, as `--json` writes it.

    `value_per_ask` is what the world's value is more than where nobody is asked, over the asks, with its standard
    error over the seeds where there are two or more; None where nobody is asked, or that was not simulated.
    """
    return {
        "policies": {name.value: _summed(list(by_seed.values())) | _gained(name, outcomes) for name, by_seed in
                     outcomes.items()},
        "runs": [
            {"policy": name.value, "seed": seed, "seen": one.seen, "world": one.world.model_dump(exclude={"type"})}
            for name, by_seed in outcomes.items()
            for seed, one in by_seed.items()
        ],
    }  # fmt: skip


def _summed(runs: Sequence[Outcome]) -> dict[str, Any]:
    seen = {name: sum(one.seen[name] for one in runs) for name in _ADDED}
    said = {name: round(sum(float(getattr(one.world, name)) for one in runs), 6) for name in _SAID}
    return {
        **seen,
        "asks_max": max(one.seen["asks_max"] for one in runs),
        "asks_gini": round(sum(one.seen["asks_gini"] for one in runs) / len(runs), 6),
        "world": said,
        **_foreseen(runs),
    }


def _foreseen(runs: Sequence[Outcome]) -> dict[str, float | None]:
    """Give what the asks were worth by the truth when they were made, the dice apart, where the world knows that."""
    extra = [(one.world.model_extra or {}).get("foreseen") for one in runs]
    known = [float(value) for value in extra if isinstance(value, int | float)]
    asks = sum(one.seen["asks"] for one in runs)
    if len(known) < len(runs) or not asks:
        return {"foreseen": None, "foreseen_per_ask": None}
    return {"foreseen": round(sum(known), 6), "foreseen_per_ask": round(sum(known) / asks, 6)}


def _gained(name: PolicyName, outcomes: Outcomes) -> dict[str, float | None]:
    """Give what a policy's asks added, and what of it each ask did; a ratio of sums, so that few asks weigh little."""
    nothing = outcomes.get(PolicyName.NONE)
    if nothing is None or name is PolicyName.NONE:
        return {"gained": None, "value_per_ask": None, "value_per_ask_error": None}
    gains = [one.world.value - nothing[seed].world.value for seed, one in outcomes[name].items()]
    asks = [one.seen["asks"] for one in outcomes[name].values()]
    total, many = sum(asks), len(asks)
    ratio = sum(gains) / total if total else None
    error = None
    if ratio is not None and many > 1:
        # Of a ratio: Cochran 1977, "Sampling techniques", 2.11.
        spread = sum((gain - ratio * ask) ** 2 for gain, ask in zip(gains, asks, strict=True))
        error = round((spread / (many - 1) / many) ** 0.5 / (total / many), 6)
    return {
        "gained": round(sum(gains), 6),
        "value_per_ask": None if ratio is None else round(ratio, 6),
        "value_per_ask_error": error,
    }


def show(console: Console, made: Mapping[str, Any], title: str) -> None:
    """Print the comparison for people: a column a policy."""
    table = Table("", title=title)
    for name in made["policies"]:
        table.add_column(TITLES[PolicyName(name)], justify="right")
    for heading, cell in _ROWS.items():
        table.add_row(heading, *(cell(found) for found in made["policies"].values()))
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _ratio(found: Mapping[str, Any]) -> str:
    ratio, error = found["value_per_ask"], found["value_per_ask_error"]
    if ratio is None:
        return ""
    return f"{ratio:.3f}" if error is None else f"{ratio:.3f}\n±{error:.3f}"


_ROWS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "first posts": lambda found: f"{found['newcomers_posts']:,}",
    "in 24 h": lambda found: _share(found["newcomers_answered"], found["newcomers_posts"]),
    "other posts": lambda found: f"{found['other_posts']:,}",
    "in 24 h ": lambda found: _share(found["others_answered"], found["other_posts"]),
    "value": lambda found: f"{found['world']['value']:,.1f}",
    "gained": lambda found: "" if found["gained"] is None else f"{found['gained']:+,.1f}",
    "asks": lambda found: f"{found['asks']:,}",
    "gained per ask": _ratio,
    "dice apart": lambda found: "" if found["foreseen_per_ask"] is None else f"{found['foreseen_per_ask']:.3f}",
    "replied": lambda found: f"{found['acted']:,}",
    "most asked": lambda found: f"{found['asks_max']:,}",
    "Gini of asks": lambda found: f"{found['asks_gini']:.2f}",
    "people lost": lambda found: f"{found['left']:,}",
    "over budget": lambda found: f"{found['over_budget']:,}",
}
