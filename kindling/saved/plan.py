"""Decide how a saved community comes in: with the log since read again, or as it was saved.

*Reading on*, the log is the one that it was saved from, and holds all since: positions are put back, and the services
read again, each from where its partition was then, as after a Redis that was restored from a backup. What they emit
again is numbered after all that was emitted, because another setting may emit other records for the same activity: a
reader takes the old ones first, in their order, and repeats mean nothing to it.

*As saved*, the log is another one, or what it holds since is not wanted. The community begins behind all that the log
holds of it, its numbers too: what is left of before is skipped as repeats. Nobody knows what was asked since, so it
comes closed. Who was forgotten since stays so, as far as the log or the state that is replaced tells.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from typing import Final

from kindling.saved.file import Head
from kindling.saved.forgotten import Hashes
from kindling.saved.records import LINKS, after, oldest, records
from shared.failures import Unprocessable
from shared.log import Log
from shared.service import ServiceName, TopicName
from shared.store import Position, Store
from shared.topics import partition_of


class How(StrEnum):
    """How the community comes in."""

    READING_ON = "reading on"
    AS_SAVED = "as saved"


@dataclass(frozen=True, slots=True)
class There:
    """What the deployment has of the community: the positions' exact bytes, and what is read of them.

    `forgotten` are those of whom the state says so, by hashes.
    """

    known: bool
    deleted: bool
    raw: dict[ServiceName, bytes]
    positions: dict[ServiceName, Position]
    forgotten: Hashes


@dataclass(frozen=True, slots=True)
class Plan:
    """`shifts` are added to the numbers in a topic; `positions` are those to store, with their numbers shifted.

    `again` counts activity that is read again; `carried` are records of the outboxes that are there, by service;
    `forgets` are those of the activity since that say of a member that they are forgotten; `unsure`: neither the log
    nor a state that is replaced tells of all of them.
    """

    how: How
    shifts: Mapping[TopicName, int]
    positions: Mapping[ServiceName, Position]
    again: int
    carried: Mapping[ServiceName, Mapping[int, bytes]]
    forgets: Sequence[bytes] = ()
    unsure: bool = False


_TOO_LATE: Final = (
    "the log does not hold any more all that came in since it was saved. `--as-saved` restores it without that, "
    "closed; an import of that time brings in what happened"
)


def refuse_newer(head: Head) -> None:
    """Refuse what another version of the documents may be in.

    Raises:
        Unprocessable: a later release saved it.
    """
    if _release(head.version) > _release(version("kindling")):
        raise Unprocessable(f"{head.community} was saved by a newer Kindling, {head.version}: upgrade this one")


def refuse_there(head: Head, there: There, over: bool) -> None:
    """Refuse to take the place of a community that is there, unless that is wanted.

    Raises:
        Unprocessable: it is there.
    """
    if there.known and not there.deleted and not over:
        raise Unprocessable(
            f"{head.community} is there already: `--replace` puts the saved one in its place, and it is gone as it is"
        )


async def refuse_at_work(log: Log, why: str) -> None:
    """Refuse while a service is at work.

    Raises:
        Unprocessable: one is; the sentence names it.
    """
    if running := [service.value for service in ServiceName if await log.is_read(service.value)]:
        raise Unprocessable(f"{', '.join(running)} run: {why}. One that was killed counts for some seconds more")


async def plan(log: Log, stores: Mapping[ServiceName, Store], head: Head, there: There, *, as_saved: bool) -> Plan:
    """Decide how, and with which positions.

    Raises:
        Unprocessable: the log since cannot be read again; the sentence says why, and what to do.
    """
    same = head.generation == log.generation
    if same and not as_saved:
        return await _read_on(log, stores, head, there)
    return await _as_saved(log, head, there, same)


async def _read_on(log: Log, stores: Mapping[ServiceName, Store], head: Head, there: There) -> Plan:
    if head.version != version("kindling"):
        raise Unprocessable(
            f"it was saved by Kindling {head.version}: another version may decide otherwise on the log since, and ask "
            "somebody again. `--as-saved` restores it without that, closed"
        )
    await refuse_at_work(log, "to read again what came since, all services must be stopped first (or `--as-saved`)")
    again = await _again(log, head)
    positions, carried = dict(head.positions), {}
    for writer, topic, reader in LINKS:
        was = head.positions.get(writer) or Position(log.generation, -1, 0, 0, None)
        found = await _numbers(log, topic, head, after(head.positions.get(reader), log.generation))
        waiting = dict((await stores[writer].load(head.community)).outbox)
        last = max([_latest(found, there, writer, reader), was.emitted])
        if set(range(was.emitted + 1, last + 1)) - found - waiting.keys():
            raise Unprocessable(_TOO_LATE)
        carried[writer] = {number: body for number, body in waiting.items() if number > was.emitted}
        if last:
            positions[writer] = replace(was, emitted=last)
    return Plan(How.READING_ON, {}, positions, again, carried)


async def _again(log: Log, head: Head) -> int:
    """Count what recommend will read again; refuse where some of it is gone, or ends the community."""
    if not await _reaches_back(log, head):
        raise Unprocessable(_TOO_LATE)
    since = after(head.positions.get(ServiceName.RECOMMEND), log.generation)
    count = 0
    async for one in records(log, TopicName.ACTIVITY, head.community, since):
        if one.deletes:
            raise Unprocessable(
                "the log since says that it was deleted, and would delete it again: `--as-saved` restores it without "
                "what came since, closed"
            )
        count += 1
    return count


async def _reaches_back(log: Log, head: Head) -> bool:
    """Say whether the log still holds all activity that came in since."""
    since = after(head.positions.get(ServiceName.RECOMMEND), log.generation)
    first = await oldest(log, TopicName.ACTIVITY, head.community)
    ends = (await log.ends(TopicName.ACTIVITY))[partition_of(head.community, log.partitions)]
    return (ends if first is None else first) <= max(since, log.first)


async def _as_saved(log: Log, head: Head, there: There, same: bool) -> Plan:
    partition = partition_of(head.community, log.partitions)
    # What a log holds of a community that nobody here has handled may be new; else it is of before.
    skips = there.known or same
    last = (await log.ends(TopicName.ACTIVITY))[partition] - 1 if skips else -1
    positions = {
        service: replace(was, generation=log.generation, offset=last if service is ServiceName.RECOMMEND else -1)
        for service, was in head.positions.items()
    }
    shifts: dict[TopicName, int] = {}
    for writer, topic, reader in LINKS:
        since = after(head.positions.get(reader), log.generation) if same else 0
        found = await _numbers(log, topic, head, since)
        written, read = positions.get(writer), positions.get(reader)
        shift = max(0, _latest(found, there, writer, reader) - (read.read if read else 0))
        shifts[topic] = shift
        if shift:
            beginning = Position(log.generation, -1, 0, 0, written.clock if written else None)
            positions[reader] = replace(read or beginning, read=(read.read if read else 0) + shift)
            if (written := positions.get(writer)) is not None:
                positions[writer] = replace(written, emitted=written.emitted + shift)
            else:
                positions[writer] = replace(beginning, emitted=shift)
    forgets = await _forgets(log, head) if same else []
    # One that was deleted has forgotten that, too.
    told = same and ((there.known and not there.deleted) or await _reaches_back(log, head))
    return Plan(How.AS_SAVED, shifts, positions, 0, {}, forgets, unsure=not told)


async def _forgets(log: Log, head: Head) -> list[bytes]:
    """Give what the log still says since of members that are forgotten."""
    since = after(head.positions.get(ServiceName.RECOMMEND), log.generation)
    return [one.body async for one in records(log, TopicName.ACTIVITY, head.community, since) if one.forgets]


async def _numbers(log: Log, topic: TopicName, head: Head, since: int) -> set[int]:
    return {one.number async for one in records(log, topic, head.community, since) if one.number is not None}


def _latest(found: Iterable[int], there: There, writer: ServiceName, reader: ServiceName) -> int:
    """Give the last number that was ever emitted here, as far as anything here knows."""
    written, read = there.positions.get(writer), there.positions.get(reader)
    return max([0, *found, written.emitted if written else 0, read.read if read else 0])


def _release(said: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])
