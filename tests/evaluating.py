"""An evaluation made up from a seed: a member's true order is known, and the methods see it more or less well."""

from collections.abc import Sequence

import numpy as np

from kindling.evaluate.results import Case, Evaluation, Forecast, Ranked, Silence, Task

START = 1_700_000_000.0
DAY = 86_400.0
OURS = "Kindling"
RULE = "BM25 + recent activity"
NOISE = {OURS: 0.8, RULE: 1.4, "popularity": 3.0, "recent activity": 2.0, "Kindling without text": 1.0}


def case(relevant: Sequence[str], name: str = "c", at: float = START, **ranked: Sequence[str]) -> Case:
    """Make one case; its cluster is its name."""
    return Case(name, at, name, tuple(relevant), {method: tuple(ids) for method, ids in ranked.items()})


def ranked(*cases: Case, task: Task = Task.RESPONDERS, baselines: Sequence[str] = ()) -> Ranked:
    """Make a task's result of cases whose own method is called `ours`."""
    return Ranked(task, "ours", tuple(baselines), cases)


def synthetic(cases: int = 300, seed: int = 7, people: int = 150, archive: str = "a made-up archive") -> Evaluation:
    """Make an evaluation of all tasks; with no cases, each says why."""
    rng = np.random.default_rng(seed)
    why = () if cases else ("The archive spans 3 days: at least 30 are needed.",)
    return Evaluation(
        archive,
        "kindling-test-1",
        {"messages": 12_345, "posts": 2_345, "people": people, "days": 365.25},
        tuple(
            Ranked(
                task,
                OURS,
                (RULE, "popularity", "recent activity"),
                tuple(_case(rng, task, number, cases, people) for number in range(cases)),
                why or ("A made-up note.",),
                {"people who could be ranked, median": people, "first stage recall": 0.981} if cases else {},
            )
            for task in (Task.RESPONDERS, Task.POSTS, Task.PEERS)
        ),
        Silence(
            OURS,
            ("base rate", "channel's rate"),
            tuple(_forecast(rng, number, age, cases) for number in range(cases) for age in (0.0, 1.0, 4.0, 12.0)),
            why,
        ),
    )


def _case(rng: np.random.Generator, task: Task, number: int, cases: int, people: int) -> Case:
    """Draw who was relevant by a liking that a few have more of, and let each method see the liking with noise."""
    liking = rng.normal(size=people) + 2.0 / (1.0 + np.arange(people) / 5.0)
    true = np.argsort(-(liking + rng.normal(size=people)), kind="stable")
    several = 1 if task is Task.POSTS else int(rng.integers(1, 5))
    orders = {
        name: np.argsort(-(liking + noise * rng.normal(size=people)), kind="stable") for name, noise in NOISE.items()
    }
    return Case(
        f"post {number}",
        START + 200 * DAY * number / max(1, cases),
        f"thread {number // 2}",
        tuple(f"person {at}" for at in true[:several]),
        {name: tuple(f"person {at}" for at in order[:100]) for name, order in orders.items()},
        frozenset({"first-time authors"} if number % 3 == 0 else ())
        | frozenset({"with a mention"} if number % 5 else ()),
    )


def _forecast(rng: np.random.Generator, number: int, age: float, cases: int) -> Forecast:
    rate = float(np.clip(rng.beta(2, 4) + age / 20, 0.01, 0.99))
    return Forecast(
        f"post {number}",
        START + 200 * DAY * number / max(1, cases),
        f"thread {number}",
        age,
        {
            OURS: rate,
            "base rate": min(0.9, 0.33 + age / 20),
            "channel's rate": float(np.clip(rate + rng.normal(0, 0.25), 0, 1)),
        },
        bool(rng.random() < rate),
    )
