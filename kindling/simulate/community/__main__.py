"""The built-in community as a world of its own: `python -m kindling.simulate.community forum`, or `chat`.

A second argument is the days of its history, where they are not the usual ones.

It speaks the protocol on its standard input and output, and does the same as where it runs within Kindling.
"""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO

from kindling.simulate.community.community import COMMUNITY, Community
from kindling.simulate.community.presets import PRESETS, Like
from shared.events import Kind, NudgeExpired, NudgeIssued, NudgeWithdrawn, Role, Withdrawal
from shared.limits import read_time


async def serve(world: Community, told: BinaryIO, say: BinaryIO) -> None:
    """Answer line by line until finish, or until nobody asks any more."""
    for line in told:
        said = json.loads(line)
        say.writelines(answer + b"\n" for answer in await _answers(world, said))
        say.flush()
        if said["type"] == "finish":
            return


async def _answers(world: Community, said: dict[str, Any]) -> list[bytes]:
    match said["type"]:
        case "hello":
            return [
                (await world.hello(said["seed"], _at(said, "start"), _at(said, "until"))).model_dump_json().encode()
            ]
        case "advance":
            activity = await world.advance(_at(said, "until"))
            return [*activity, json.dumps({"type": "done", "at": said["until"]}).encode()]
        case "nudge":
            await world.nudge(_issued(said))
        case "withdrawn":
            await world.withdrawn(_withdrawn(said))
        case "finish":
            return [(await world.finish()).model_dump_json().encode()]
    return []


def _issued(said: dict[str, Any]) -> NudgeIssued:
    return NudgeIssued(
        **_named(said), kind=Kind(said["kind"]), channel=said["channel"], role=Role(said["role"]), rank=1, score=0.0,
        propensity=1.0, evidence=(), features={}, model="-", expires=_at(said, "expires"),
    )  # fmt: skip


def _withdrawn(said: dict[str, Any]) -> NudgeWithdrawn | NudgeExpired:
    if said["reason"] == "expired":
        return NudgeExpired(**_named(said), kind=Kind.REPLY)
    return NudgeWithdrawn(**_named(said), kind=Kind.REPLY, reason=Withdrawal(said["reason"]))


def _named(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": said["id"], "nudge": said["id"], "source": "kindling/nudge", "at": _at(said, "at"),
        "community": COMMUNITY, "member": said["member"], "post": said["post"],
    }  # fmt: skip


def _at(said: dict[str, Any], name: str) -> datetime:
    return read_time(said[name]).astimezone(UTC)


if __name__ == "__main__":
    like = Like(sys.argv[1]) if len(sys.argv) > 1 else Like.FORUM
    given = PRESETS[like] if len(sys.argv) < 3 else replace(PRESETS[like], history_days=int(sys.argv[2]))
    asyncio.run(serve(Community(given), sys.stdin.buffer, sys.stdout.buffer))
