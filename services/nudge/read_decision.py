"""Why somebody was asked, or nobody, as an operator may read it: at a door with the service key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from services.nudge.choose import Bar
from services.nudge.decision_log import DECISIONS, Considered, Decision, nobody_key
from services.nudge.documents import NUDGES, OPPORTUNITIES, POSTS, Nudge, Post
from shared.limits import Id
from shared.problems import ProblemError
from shared.reading import StateReader

# Nobody is told what somebody declines, nor whom.
_WISHES: Final = frozenset({Bar.DECLINED, Bar.APART})
AT_A_WISH: Final = "at_a_wish"


def decision_doors(reader: StateReader) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/v1/communities/{community}", tags=["decisions"])

    @routes.get("/nudges/{nudge}/decision")
    async def decision(community: Id, nudge: Id, text: Annotated[bool, Query()] = False) -> dict[str, Any]:
        """Say why somebody was asked, whom else it could have been, and what became of it; `text` adds the post's."""
        found = await DecisionReader(reader, community, text=text).read([nudge])
        if not found:
            raise ProblemError(404, "No such decision", "No decision of that nudge is kept: it is unknown, or too old")
        return found[0]

    @routes.get("/decisions")
    async def decisions(community: Id, post: Id, text: Annotated[bool, Query()] = False) -> dict[str, Any]:
        """List all decisions about a post: each ask, and the last time that nobody was asked."""
        opportunity = await reader.get(community, OPPORTUNITIES, post)
        asked = () if opportunity is None else opportunity.asked
        keys = [*asked, nobody_key(post)]
        return {"post": post, "decisions": await DecisionReader(reader, community, text=text).read(keys)}

    return routes


@dataclass(frozen=True, slots=True)
class DecisionReader:
    """Reads decisions of a community; the text of posts only where it is asked for."""

    reader: StateReader
    community: str
    text: bool = False

    async def read(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Give the decisions that are kept, in the order of time."""
        read = await self.reader.get_many(self.community, DECISIONS, keys)
        found = sorted((one for one in read if one is not None), key=lambda one: (one.at, one.nudge or ""))
        nudges = [one.nudge for one in found if one.nudge is not None]
        asked = await self.reader.get_many(self.community, NUDGES, nudges)
        known = dict(zip(nudges, asked, strict=True))
        posts = await self.reader.get_many(self.community, POSTS, [one.post for one in found]) if self.text else []
        shown = posts or [None] * len(found)
        return [
            _as_json(decision, known.get(decision.nudge or ""), post)
            for decision, post in zip(found, shown, strict=True)
        ]


def _as_json(decision: Decision, nudge: Nudge | None, post: Post | None) -> dict[str, Any]:
    text = {} if post is None or post.removed else {"title": post.title, "excerpt": post.excerpt}
    return {
        "nudge": decision.nudge,
        "kind": decision.kind.value,
        "member": decision.member,
        "role": nudge.role.value if nudge else None,
        "handed_over": nudge is not None and nudge.handed_by is not None,
        "post": {
            "id": decision.post,
            "channel": decision.channel,
            "published": decision.published.isoformat(),
            **text,
        },
        "due": decision.due.isoformat(),
        "decided": decision.at.isoformat(),
        "patience_hours": decision.patience_hours,
        "still_open": [{"hours": hours, "probability": chance} for hours, chance in decision.still_open],
        "considered": [_considered(one) for one in decision.considered],
        "propensity": decision.propensity,
        "held": decision.held,
        "off_week": decision.off_week,
        "features": decision.features,
        "model": decision.model,
        "wording": nudge.wording.value if nudge else None,
        "outcome": None if nudge is None else _outcome(nudge),
    }


def _considered(one: Considered) -> dict[str, Any]:
    return {
        "member": one.member,
        "rank": one.rank,
        "score": one.score,
        "worth": one.worth,
        "chance": one.chance,
        "bars": told_bars(one),
    }


def told_bars(one: Considered) -> list[str]:
    """Give what barred somebody, as far as anybody is told."""
    return list(dict.fromkeys(AT_A_WISH if bar in _WISHES else bar.value for bar in one.bars))


def _outcome(nudge: Nudge) -> dict[str, Any]:
    return {
        "state": nudge.state.value,
        "withdrawn": nudge.withdrawn.value if nudge.withdrawn else None,
        "expires": nudge.expires.isoformat(),
        "seen": nudge.seen.isoformat() if nudge.seen else None,
        "answer": nudge.answer.value if nudge.answer else None,
        "answered_by": nudge.answered_by,
        "reply": nudge.message,
        "closed": nudge.closed.isoformat() if nudge.closed else None,
    }
