"""Count what nudge has decided, once it is durable; nothing is decided by these figures."""

from collections.abc import Mapping, Sequence

from services.nudge.decision_log import DECISIONS, nobody_key
from services.nudge.documents import NUDGES, THE_COMMUNITY
from services.nudge.learn import tells
from services.nudge.unasked import UNASKED, Why
from shared import metrics
from shared.events import Event, NudgeActed, NudgeExpired, NudgeIssued, NudgeWithdrawn, OpportunityHeld

# Where a nudge is from the moment that it is issued.
INBOX = "inbox"


def count(emitted: Sequence[Event], written: Mapping[str, bytes]) -> None:
    """Count the decisions of one step; `written` are the documents that it wrote, by name."""
    held = 0
    for event in emitted:
        if isinstance(event, NudgeIssued):
            _asked(event)
        elif isinstance(event, NudgeActed):
            metrics.ENDED.labels("acted").inc()
            _compare(event.nudge, written, replied=True)
        elif isinstance(event, NudgeWithdrawn):
            metrics.ENDED.labels(f"withdrawn_{event.reason.value}").inc()
            if tells(event.reason):
                _compare(event.nudge, written, replied=False)
        elif isinstance(event, NudgeExpired):
            metrics.ENDED.labels("expired").inc()
            _compare(event.nudge, written, replied=False)
        elif isinstance(event, OpportunityHeld):
            held += 1
    metrics.HELD.inc(held)
    # A post that is left alone has its decision in the same place.
    nobody = sum(name.startswith(f"{DECISIONS.name}/{nobody_key('')}") for name in written)
    metrics.NOBODY.inc(max(nobody - held, 0))
    _unasked(written)


def _asked(event: NudgeIssued) -> None:
    known = event.features
    metrics.ASKED.labels(event.kind.value).inc()
    metrics.DELIVERED.labels(INBOX, "sent").inc()
    metrics.ASK_WAIT.observe(max(known["age_hours"], 0.0) * 3600)
    if limit := known["weekly_limit"]:
        metrics.BUDGET_USED.observe((known["asks_this_week"] + 1) / limit)


def begin() -> None:
    """Have every reason there from the start: of a series that begins with its first count Prometheus sees no rise."""
    for why in Why:
        metrics.UNASKED.labels(why.value)


def _unasked(written: Mapping[str, bytes]) -> None:
    """Count what nobody can be asked about since this step: it and the decision that found so are of the same time."""
    body = written.get(f"{UNASKED.name}/{THE_COMMUNITY}")
    for key, waiting in UNASKED.load(body).waiting.items() if body else ():
        decision = written.get(f"{DECISIONS.name}/{nobody_key(key)}")
        if decision is not None and DECISIONS.load(decision).at == waiting.since:
            metrics.UNASKED.labels(waiting.why.value).inc()


def _compare(nudge: str, written: Mapping[str, bytes], *, replied: bool) -> None:
    """Count what was forecast of a nudge and what became of it, both at its end, so that they are of the same nudges.

    What is withdrawn because another answered, say, counts on neither side: it had no end of its own. Nor does what
    was forgotten in the same step.
    """
    body = written.get(f"{NUDGES.name}/{nudge}")
    forecast = NUDGES.load(body).forecast if body is not None else None
    if forecast is not None:
        metrics.PREDICTED.inc(forecast)
        metrics.REPLIED.inc(replied)
