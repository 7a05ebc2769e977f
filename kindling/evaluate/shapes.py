"""The shape of an evaluation's summary, as `--json` writes it.

Only fields are added to it; `format` grows when one changes its meaning or goes. Shares, metrics and their intervals
lie between 0 and 1 and are rounded to six digits; times are ISO 8601 in UTC. `low` and `high` are the 95 % interval of
a bootstrap over threads or members, None where there are fewer than ten of these.
"""

from enum import StrEnum
from typing import TypedDict

FORMAT = 1


class Kind(StrEnum):
    """What a method is: Kindling's own, a simple rule that it must beat, or Kindling with a part taken out."""

    OURS = "ours"
    BASELINE = "baseline"
    ABLATION = "ablation"


class Verdict(StrEnum):
    """Whether ours is better than the best baseline: the interval is above 0, below 0, has 0 in it, or is lacking."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"
    TOO_FEW = "too_few"


class Estimate(TypedDict):
    """A mean with its interval. `mean` is None where it is not defined, as the AUC of posts that all stayed silent."""

    mean: float | None
    low: float | None
    high: float | None


class Difference(TypedDict):
    """Ours less the baseline that is best by this metric on these cases, on the same draws of threads or members."""

    baseline: str
    difference: float
    low: float | None
    high: float | None
    verdict: Verdict


class MethodSummary(TypedDict):
    """One method: `metrics` by the names of `metrics.Metric`."""

    kind: Kind
    metrics: dict[str, Estimate]


class Compared(TypedDict):
    """Some cases, by all methods: ours first, then the baselines and the ablations, each by their first metric."""

    cases: int
    clusters: int
    methods: dict[str, MethodSummary]
    against_best: dict[str, Difference]


class SharedPlaces(TypedDict):
    """How first places are shared: see `concentration.Shared`."""

    gini: float
    top_ten: float
    chosen: int
    curve: list[tuple[int, float]]


class Capped(TypedDict):
    """What it costs that nobody is put first more than `cap` times a week (None: no cap): see `concentration.capped`.

    `right` is the share of cases whose first one replied.
    """

    cap: int | None
    right: float
    gini: float
    top_ten: float
    chosen: int


class Concentration(TypedDict):
    """How first places are shared by each method, and `really`, among all `people` (for posts: threads) ever listed.

    `caps` are of ours, for responders.
    """

    people: int
    methods: dict[str, SharedPlaces]
    really: SharedPlaces
    caps: list[Capped]


class Span(TypedDict):
    """An eighth of the test's time, with each method's MRR (None without a case)."""

    since: str
    until: str
    cases: int
    mrr: dict[str, float | None]


class RankedSummary(TypedDict):
    """One ranking task. `metrics` are those that tables show. Without a case, `whole` has no method."""

    task: str
    ours: str
    baselines: list[str]
    metrics: list[str]
    since: str | None
    until: str | None
    whole: Compared
    groups: dict[str, Compared]
    concentration: Concentration | None
    over_time: list[Span]
    notes: list[str]
    facts: dict[str, float]


class BinSummary(TypedDict):
    """A bin of the reliability curve; `low` and `high` are Wilson's interval of `observed`."""

    probability: float
    observed: float
    low: float
    high: float
    posts: int


class CalibrationSummary(TypedDict):
    """See `forecasts.Calibration`; `passed` is the test at 95 %."""

    error: float
    floor: float
    excess: float
    p_value: float
    passed: bool
    bins: list[BinSummary]


class ForecasterSummary(TypedDict):
    """One method's probabilities at one age."""

    kind: Kind
    auc: Estimate
    average_precision: float | None
    brier: float
    calibration: CalibrationSummary


class AgeSummary(TypedDict):
    """Posts that were still open at `age` hours: how many, and the share that stayed silent for 24 h."""

    age: float
    posts: int
    silent: float
    methods: dict[str, ForecasterSummary]
    against_best: Difference | None


class SilenceSummary(TypedDict):
    """The silence task, ages ascending; `against_best` compares the AUC."""

    ours: str
    baselines: list[str]
    since: str | None
    until: str | None
    ages: list[AgeSummary]
    notes: list[str]
    facts: dict[str, float]


class Summary(TypedDict):
    """One archive's evaluation. `tasks` by name, those that were asked for."""

    format: int
    archive: str
    model: str
    facts: dict[str, float]
    tasks: dict[str, RankedSummary]
    silence: SilenceSummary | None
