"""The reasons of a match, from recommend's handlers through nudge's to the words in the inbox."""

import asyncio

from services.nudge.guard import Held
from services.nudge.read_inbox import InboxReader
from shared.events import (
    ChannelChanged,
    Event,
    Evidence,
    MatchesRanked,
    NudgeIssued,
    Privacy,
    Reason,
    Role,
    RolesChanged,
)
from tests.nudge_house import Reading
from tests.nudging import Garden
from tests.recommending import DAY, HOUR, START, Place, channel, joined, made, post, reply

LATER = START + DAY


def ranked_for_ben() -> list[Event]:
    """Ben, a champion, answered posts in two public channels that are like the one asked now in the first."""
    return Place().see(
        *(joined(member) for member in ("ann", "ben", "dan")),
        made(RolesChanged, START - DAY, member="ben", roles=(Role.CHAMPION,)),
        channel(),
        channel("tools"),
        post("p1", "ann", "how to segment a volume"),
        reply("r1", "p1", "ben", START + HOUR),
        post("p2", "ann", "volume segment rendering", channel="tools"),
        reply("r2", "p2", "ben", START + HOUR, channel="tools"),
        post("p3", "dan", "segment another volume", LATER),
    )


def reasons(evidence: tuple[Evidence, ...]) -> list[Reason]:
    return [item.reason for item in evidence]


def why(garden: Garden) -> tuple[str, ...]:
    """Give the words in which Ben's inbox says why he was asked about the last post."""
    shown = asyncio.run(InboxReader(Reading(garden.documents), garden.state.community, "ben", Held()).read())
    return next(nudge.why.you for nudge in shown.nudges if nudge.post.id == "p3")


def asked_about(garden: Garden, post: str) -> NudgeIssued:
    issued = [e for e in garden.driven.emitted if isinstance(e, NudgeIssued) and e.post == post]
    assert len(issued) == 1
    return issued[0]


def test_the_threads_that_they_answered_are_the_reason_that_they_read() -> None:
    """What recommend counted reaches the decision and the inbox, in words."""
    garden = Garden(ranked_for_ben())
    garden.until(LATER + 3 * HOUR)
    issued = asked_about(garden, "p3")
    similar = next(item for item in issued.evidence if item.reason is Reason.ANSWERED_SIMILAR)
    assert (similar.count, set(similar.channels)) == (2, {"general", "tools"})
    assert "You answered 2 threads like this one." in why(garden)


def test_a_reason_from_a_channel_that_they_cannot_read_is_not_given() -> None:
    """Once one of the channels is private, nobody else is told how much they did there: not when asked, nor later."""
    out = made(ChannelChanged, LATER + HOUR / 2, channel="tools", privacy=Privacy.PRIVATE)
    garden = Garden([*ranked_for_ben(), out])
    garden.until(LATER + 3 * HOUR)
    assert Reason.ANSWERED_SIMILAR not in reasons(asked_about(garden, "p3").evidence)
    assert not [line for line in why(garden) if "like this one" in line]
    garden = Garden(ranked_for_ben())
    garden.until(LATER + 3 * HOUR)
    assert Reason.ANSWERED_SIMILAR in reasons(asked_about(garden, "p3").evidence)
    garden.step(made(ChannelChanged, LATER + 4 * HOUR, channel="tools", privacy=Privacy.PRIVATE))
    assert not [line for line in why(garden) if "like this one" in line]


def test_a_reason_that_hides_where_it_comes_from_is_not_given() -> None:
    """Posts of unknown channels could be from anywhere: that they were counted is kept from everybody."""
    unknown = Evidence(reason=Reason.ANSWERED_SIMILAR, count=2, posts=("p1", "p2"))
    garden = Garden([hidden(event, unknown) for event in ranked_for_ben()])
    garden.until(LATER + 3 * HOUR)
    assert asked_about(garden, "p3").evidence == ()
    assert why(garden) == ("You are a champion here.",)


def hidden(event: Event, evidence: Evidence) -> Event:
    """Let a ranking rest on this evidence alone."""
    if not isinstance(event, MatchesRanked):
        return event
    matches = tuple(match.model_copy(update={"evidence": (evidence,)}) for match in event.matches)
    return event.model_copy(update={"matches": matches})
