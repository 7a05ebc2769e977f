"""Keeping one record's failure from the others: step by step, on fresh copies, then to dead-letters."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

from shared import metrics
from shared.clock import Clock
from shared.copies import Copies
from shared.dead_letters import Cause, DeadLetter, last_frame, letter_id, outgoing, reason_of
from shared.failures import Lacking, Replaced, Unavailable, Unprocessable
from shared.log import Log
from shared.place import Place
from shared.service import Service
from shared.state import Timer
from shared.wire import RECORD_BYTES
from shared.working import Arrival, TimerFailed, Working

State = TypeVar("State")
Settle = Callable[[Place, Sequence[Working[Any]]], Awaitable[None]]
# Notes that a community waits from an offset on for a process that has what this one lacks.
Lack = Callable[[Place, str, int, Lacking], None]

FIRST_PAUSE = 0.05

log = logging.getLogger(__name__)


class Isolation(Generic[State]):
    """Applies a community's records: all at once, or where one fails, each alone and durable before the next."""

    def __init__(
        self,
        service: Service[State],
        broker: Log,
        copies: Copies[State],
        settle: Settle,
        lack: Lack,
        clock: Clock,
        attempts: int,
    ) -> None:
        self._service = service
        self._log = broker
        self._copies = copies
        self._settle = settle
        self._lack = lack
        self._clock = clock
        self._attempts = attempts

    async def step(
        self, place: Place, copy: Working[State], fresh: Sequence[Arrival]
    ) -> tuple[Working[State] | None, list[Arrival], list[Arrival]]:
        """Apply records to a copy.

        Returns the copy where it waits to be settled (None where all is durable already), the records that were
        handled, and those that have become dead letters; the others wait, from the first on that this process lacks
        something for.
        """
        if all(arrival.failure is None for arrival in fresh):
            try:
                await self._apply(place, copy, fresh)
            except (Unavailable, Replaced):
                raise
            except Lacking:
                log.info("a batch needs what this process lacks; trying its records alone, up to there")
            except Exception as error:
                metrics.RETRIED.labels(self._service.name.value).inc()
                log.warning("a batch failed (%s at %s); trying its records alone", reason_of(error), last_frame(error))
            else:
                return copy, list(fresh), []
        await self._copies.reload(place, copy.community)
        handled: list[Arrival] = []
        dead: list[Arrival] = []
        for arrival in fresh:
            try:
                lives = await self._apply_alone(place, copy.community, arrival)
                (handled if lives else dead).append(arrival)
            except Lacking as lacking:
                self._lack(place, copy.community, arrival.offset, lacking)
                break
        return None, handled, dead

    async def _apply(
        self,
        place: Place,
        copy: Working[State],
        arrivals: Sequence[Arrival],
        *,
        dead: bool = False,
        buried: Collection[Timer] = (),
    ) -> None:
        events = [arrival.envelope.event for arrival in arrivals if arrival.envelope is not None and not dead]
        aids = await self._service.prepare(copy.state, events)
        clock = place.clock_of(copy.community)

        def steps() -> None:
            for arrival in arrivals:
                copy.step(arrival, place.generation, clock, aids, dead=dead, buried=buried)

        await asyncio.to_thread(steps)

    async def _apply_alone(self, place: Place, community: str, arrival: Arrival) -> bool:
        """Apply one record durably; False where it became a dead letter."""
        error: Exception | None = arrival.failure
        attempts = 1
        if error is None:
            error, attempts = await self._try(place, community, arrival)
        if error is None:
            return True
        # The letter first: a crash between the two writes it twice under one id, and loses nothing.
        await self.publish_letters([(self.letter(place, arrival, error, attempts), arrival.community)])
        error, _ = await self._try(place, community, arrival, dead=True)
        if error is not None:
            raise error
        return False

    async def _try(
        self, place: Place, community: str, arrival: Arrival, *, dead: bool = False
    ) -> tuple[Exception | None, int]:
        """Apply one record in a bounded number of attempts; a timer that fails in all of them is buried alone.

        Returns the record's own failure, if it has one, and how many attempts there were.
        """
        attempt = 0
        buried: set[Timer] = set()
        while True:
            attempt += 1
            copy = await self._copies.get(place, community)
            if not copy.awaits(arrival, place.generation):
                # It was loaded again since the record was found to be new.
                raise Replaced("another process has written")
            try:
                await self._apply(place, copy, [arrival], dead=dead, buried=buried)
            except (Unavailable, Replaced, Lacking):
                raise
            except Exception as error:
                await self._copies.reload(place, community)
                last = attempt >= self._attempts or isinstance(error, Unprocessable)
                if not last:
                    await asyncio.sleep(FIRST_PAUSE * 2**attempt)
                elif isinstance(error, TimerFailed):
                    await self.publish_letters([(self._timers_letter(place, arrival, error), arrival.community)])
                    buried.add(error.timer)
                    attempt = 0
                else:
                    return error, attempt
            else:
                await self._settle(place, [copy])
                return None, attempt

    def _timers_letter(self, place: Place, arrival: Arrival, failed: TimerFailed) -> DeadLetter:
        timer = failed.timer
        cause = failed.__cause__ if isinstance(failed.__cause__, Exception) else failed
        letter = self.letter(place, arrival, cause, self._attempts)
        # The subject is an id of the platform's; the letter's body is where such things belong.
        body = json.dumps({"timer": timer.name, "subject": timer.subject, "due": timer.due.isoformat()})
        subject = hashlib.sha256(timer.subject.encode()).hexdigest()[:12]
        name = f"{letter.id}-{timer.name}-{subject}"
        return letter.model_copy(update={"id": name, "cause": Cause.TIMER, "body": body})

    def letter(self, place: Place, arrival: Arrival, error: Exception, attempts: int) -> DeadLetter:
        """Make the letter of a record that could not be processed.

        What is too large to be kept once more, as text, is in its own topic alone, as long as the log is kept.
        """
        letter = self._letter(place, arrival, error, attempts)
        if (size := len(outgoing(letter).body)) <= RECORD_BYTES:
            return letter
        said = f"the record is too large to be kept here ({size} bytes with what is around it)"
        return letter.model_copy(update={"body": "", "reason": f"{letter.reason}; {said}"})

    def _letter(self, place: Place, arrival: Arrival, error: Exception, attempts: int) -> DeadLetter:
        return DeadLetter(
            id=letter_id(self._service.name, self._service.reads, place.generation, place.partition, arrival.offset),
            service=self._service.name,
            topic=self._service.reads,
            partition=place.partition,
            offset=arrival.offset,
            community=arrival.community,
            cause=Cause.INVALID if arrival.failure is not None else Cause.FAILED,
            reason=reason_of(error),
            frame=last_frame(error),
            attempts=attempts,
            died=self._clock(),
            body=arrival.body.decode(errors="replace"),
        )

    async def publish_letters(self, letters: Sequence[tuple[DeadLetter, str]]) -> None:
        """Append letters to the topic, each with whose it is, as far as that is known, and say so."""
        await self._log.publish([outgoing(letter, key) for letter, key in letters])
        for letter, _ in letters:
            metrics.DEAD_LETTERS.labels(self._service.name.value, letter.cause.value).inc()
            log.error("dead letter %s: %s at %s", letter.id, letter.reason, letter.frame)
