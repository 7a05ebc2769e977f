"""Count what nudge has decided, once it is durable; nothing is decided by these figures."""

from collections.abc import Collection, Sequence

from services.nudge.chance import reply_chance
from services.nudge.decision_log import DECISIONS, nobody_key
from shared import metrics
from shared.events import Event, NudgeActed, NudgeExpired, NudgeIssued, NudgeWithdrawn, OpportunityHeld

# Where a nudge is from the moment that it is issued.
INBOX = "inbox"


def count(emitted: Sequence[Event], written: Collection[str]) -> None:
    """Count the decisions of one step; `written` are the names of the documents that it wrote."""
    held = 0
    for event in emitted:
        if isinstance(event, NudgeIssued):
            _asked(event)
        elif isinstance(event, NudgeActed):
            metrics.REPLIED.inc()
            metrics.ENDED.labels("acted").inc()
        elif isinstance(event, NudgeWithdrawn):
            metrics.ENDED.labels(f"withdrawn_{event.reason.value}").inc()
        elif isinstance(event, NudgeExpired):
            metrics.ENDED.labels("expired").inc()
        elif isinstance(event, OpportunityHeld):
            held += 1
    metrics.HELD.inc(held)
    # A post that is left alone has its decision in the same place.
    nobody = sum(name.startswith(f"{DECISIONS.name}/{nobody_key('')}") for name in written)
    metrics.NOBODY.inc(max(nobody - held, 0))


def _asked(event: NudgeIssued) -> None:
    known = event.features
    metrics.ASKED.labels(event.kind.value).inc()
    metrics.DELIVERED.labels(INBOX, "sent").inc()
    metrics.ASK_WAIT.observe(max(known["age_hours"], 0.0) * 3600)
    if limit := known["weekly_limit"]:
        metrics.BUDGET_USED.observe((known["asks_this_week"] + 1) / limit)
    # Of somebody to whom a post was handed over nothing is forecast.
    if not known["handed_over"]:
        metrics.PREDICTED.inc(reply_chance(event.score, known["reply_ratio"]))
