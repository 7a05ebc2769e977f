"""What the summary says, in words and figures for people: the terminal and the page say the same."""

from collections.abc import Iterator

from kindling.evaluate.bootstrap import FEWEST
from kindling.evaluate.shapes import (
    AgeSummary,
    Compared,
    Difference,
    Estimate,
    Kind,
    RankedSummary,
    SilenceSummary,
    Verdict,
)

TITLES = {
    "responders": "Who should answer",
    "posts": "What a member would answer next",
    "peers": "Whom a member should meet",
    "silence": "Which posts stay without a reply",
}
METRICS = {
    "mrr": "MRR",
    "hit_at_1": "hit@1",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "ndcg_at_10": "NDCG@10",
    "auc": "AUC",
}
KINDS = {Kind.OURS: "Kindling", Kind.BASELINE: "simple rule", Kind.ABLATION: "variant of Kindling"}
NO_CASE = (
    "The archive has no case for this. It may be too short: the first part is only learnt from, and the last days are "
    "left out because what came of them is not known."
)
# By task: one case, and what the first choices are.
_FOUND = {
    "responders": (
        "posts",
        "Kindling's first choice was somebody who really replied",
        "at least one of its first five choices really replied",
    ),
    "posts": (
        "times that a member joined a thread",
        "Kindling's first choice was that thread",
        "the thread was among its first five choices",
    ),
    "peers": (
        "active members' next 30 days",
        "Kindling's first choice was somebody with whom the member then exchanged replies for the first time",
        "at least one of its first five choices was",
    ),
}


def figure(value: float | None, digits: int = 3) -> str:
    """Write a share or a metric: .576, 1.000, -.012; a dash where it is not defined."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def between(low: float | None, high: float | None) -> str:
    """Write an interval: [.561, .591]; nothing where there is none."""
    return "" if low is None or high is None else f"[{figure(low)}, {figure(high)}]"


def estimated(found: Estimate) -> str:
    """Write a mean with its interval."""
    return f"{figure(found['mean'])} {between(found['low'], found['high'])}".rstrip()


def counted(part: Compared, task: str) -> str:
    """Say of how many cases a table tells, and what was drawn for its intervals."""
    drawn = "thread" if task == "responders" else "member"
    return f"{several(part['cases'], 'case')} of {several(part['clusters'], drawn)}; means with 95 % intervals"


def several(number: int, what: str) -> str:
    """Write a number with its noun: 1 case, 1,234 cases."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def hundred(share: float | None) -> str:
    """Write a share as so many of 100."""
    if share is None:
        return "-"
    return "fewer than 1" if 0 < share < 0.005 else "more than 99" if 0.995 <= share < 1 else f"{100 * share:.0f}"


def count(value: float) -> str:
    """Write a figure that goes along: 12,345 or 4.32."""
    whole = float(value).is_integer()
    return f"{value:,.0f}" if whole or abs(value) >= 1_000 else f"{value:,.3g}"


def hours(age: float) -> str:
    """Name an age of a post."""
    return "at birth" if age == 0 else f"open after {age:g} h"


def verdict(found: Difference, metric: str) -> str:
    """Say in a sentence whether Kindling beats the best simple rule, and say so too where it does not."""
    name, by = METRICS.get(metric, metric), figure(abs(found["difference"]))
    rule, said = f"the best simple rule, {found['baseline']}", found["verdict"]
    low, high = found["low"], found["high"]
    if low is None or high is None:
        return f"Too few cases to compare with {rule}: {figure(found['difference'])} {name}, without an interval."
    if said is Verdict.WORSE:
        return f"Kindling is WORSE than {rule}, by {by} {between(-high, -low)} {name}."
    if said is Verdict.BETTER:
        return f"Kindling beats {rule}, by {by} {between(low, high)} {name}."
    return (
        f"Kindling and {rule}, cannot be told apart: the difference is {figure(found['difference'])} "
        f"{between(low, high)} {name}."
    )


def ranked_answer(made: RankedSummary) -> Iterator[str]:
    """Answer in plain words how often the first choices were right, against the best simple rule."""
    cases, first, five = _FOUND[made["task"]]
    whole = made["whole"]
    if whole["cases"] < FEWEST:
        yield f"The archive has {several(whole['cases'], 'case')} of it: too few to tell."
        return
    for metric, claim, begin in (
        ("found_at_1", first, f"Of {whole['cases']:,} {cases}: in "),
        ("found_at_5", five, "In "),
    ):
        mean = whole["methods"][made["ours"]]["metrics"][metric]["mean"]
        yield f"{begin}{hundred(mean)} of 100, {claim}{_other(whole, metric)}."


def _other(whole: Compared, metric: str) -> str:
    difference = whole["against_best"].get(metric)
    if difference is None:
        return ""
    mean = whole["methods"][difference["baseline"]]["metrics"][metric]["mean"]
    return f"; the best simple rule, {difference['baseline']}, reaches {hundred(mean)}"


def silence_answer(made: SilenceSummary) -> Iterator[str]:
    """Answer in plain words how many posts stayed silent, and how well that was foreseen at their birth."""
    first = made["ages"][0]
    ours = first["methods"][made["ours"]]
    if first["posts"] < FEWEST:
        yield f"The archive has {several(first['posts'], 'post')} to tell from: too few."
        return
    when = "" if first["age"] == 0 else f" of those still {hours(first['age'])}"
    yield f"Of {first['posts']:,} posts{when}, {hundred(first['silent'])} of 100 got no reply within 24 hours."
    if ours["auc"]["mean"] is not None:
        yield (
            f"Shown a post that stayed silent and one that did not, Kindling gives the silent one the higher "
            f"probability in {hundred(ours['auc']['mean'])} of 100 tries; guessing would in 50."
        )
    yield calibrated(first, made["ours"])


def calibrated(age: AgeSummary, method: str) -> str:
    """Say whether a method's probabilities mean what they say."""
    found = age["methods"][method]["calibration"]
    off = f"{100 * found['error']:.1f} points off on average"
    chance = f"chance alone would show {100 * found['floor']:.1f}"
    if found["passed"]:
        return f"Its probabilities can be taken at their word: {off}, where {chance}."
    return f"Its probabilities are not quite to be taken at their word: {off}, where {chance}."


CAPS = (
    "What it costs to share the load: nobody is put first more often than so in a week, and the next in the list takes "
    "the place of who would be."
)


def cap(found: int | None) -> str:
    """Name a cap on first places."""
    return "no cap" if found is None else f"{found} a week"


def concentrated(made: RankedSummary) -> str:
    """Say how the first places are shared, beside what really happened."""
    shared = made["concentration"]
    if shared is None:
        return ""
    ours, really = shared["methods"][made["ours"]], shared["really"]
    what = "threads" if made["task"] == "posts" else "people"
    return (
        f"The ten {what} that Kindling put first most often take {hundred(ours['top_ten'])} of 100 of its first "
        f"places; in fact the ten that were first most often were so in {hundred(really['top_ten'])} of 100. "
        f"Kindling put {ours['chosen']:,} {what} first at least once, of {shared['people']:,} ever listed; in fact "
        f"{really['chosen']:,} were."
    )
