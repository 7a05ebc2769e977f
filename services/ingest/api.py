"""The front door over HTTP: activities in, 202 once the log has them for good."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, NoReturn

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.ingest.accept import Accepted, Door, Refused, accept
from services.ingest.body import Body, Form, form_of, read_body, too_large
from services.ingest.limit import Limiter
from services.ingest.ports import Checks, Grant, Publisher
from services.ingest.settings import IngestSettings
from shared import metrics
from shared.clock import Clock
from shared.failures import Invalid, Problem, TooLarge, Unavailable
from shared.log import Outgoing
from shared.problems import CONTENT_TYPE as PROBLEM
from shared.problems import ProblemError
from shared.service import TopicName
from shared.topics import partition_of
from shared.traces import NO_TRACES, Traces

# How much later to come back where the door is closed.
DRAINING_SECONDS = 60
_DRAINING = "The front door is closed for a while"
# Of one request: a trace of thousands can be looked at by nobody.
FOLLOWED = 50
_AUTHENTICATE = {"WWW-Authenticate": "Bearer"}


class WrongField(BaseModel):
    """What is wrong with an event, and where: a JSON pointer into it."""

    pointer: str
    detail: str


class RefusedItem(WrongField):
    """An event of a batch that was not taken: its place, from 0 (empty lines do not count), and what is wrong."""

    index: int
    errors: list[WrongField] = Field(description="All that is wrong with it; `pointer` and `detail` are the first.")


class Receipt(BaseModel):
    """What became of a request: the accepted events are in the log for good."""

    accepted: int
    refused: list[RefusedItem]


@dataclass(frozen=True, slots=True)
class _Verdicts:
    records: list[bytes]
    refused: list[tuple[int, Refused]]


_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {PROBLEM: {}}}
    for status, description in {
        401: "No key, or an unknown one",
        403: "The key is for another community or lacks a scope",
        413: "More bytes or events than a request may have, or an event that is larger than the log takes; the answer "
        "names the limit",
        415: "A content type or encoding that is not taken",
        422: "No event was accepted; `errors` or `refused` point to the wrong fields",
        429: "Too many events for this key; Retry-After says when to come back",
        503: "The log or the store is away, or the door closed for a while; what was sent may be kept or not: send it "
        "again after Retry-After; what comes twice is one event by its id",
    }.items()
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0 in JSON: one, an array, or one a line. `kindling schema` prints the types.",
        "content": {form.value: {} for form in Form},
    }
}


def router(
    publisher: Publisher,
    keys: Checks,
    limiter: Limiter,
    clock: Clock,
    settings: IngestSettings,
    traces: Traces = NO_TRACES,
) -> APIRouter:
    """Make the routes of the front door; `shared.problems.install` must be called on their app."""
    routes = APIRouter()

    @routes.post(
        "/v1/communities/{community}/activities",
        status_code=202,
        responses=_RESPONSES,
        openapi_extra=_BODY,
        summary="Send what happened in a community",
    )
    async def post_activities(community: str, request: Request) -> Receipt:
        try:
            _refuse_while(settings.draining)
            grant = await _grant(request, community, keys, limiter)
            # Who has no key is told so, and leaves no trace.
            with traces.accepting(community, request.headers) as followed:
                receipt = await _take(request, community, grant, followed.traceparent)
                followed.answered(202, **{"messaging.batch.message_count": receipt.accepted})
        except ProblemError as error:
            metrics.REFUSED.labels(str(error.status)).inc()
            raise
        except Unavailable:
            metrics.REFUSED.labels("503").inc()
            raise
        return receipt

    async def _take(request: Request, community: str, grant: Grant, traceparent: str | None) -> Receipt:
        body = await _read(request, settings)
        limiter.charge(grant.key, len(body.items))
        door = Door(community, grant.scopes, clock(), traceparent)
        verdicts = await asyncio.to_thread(_judge, body.items, door)
        if not verdicts.records:
            _refuse_all(verdicts.refused, body.single)
        partition = partition_of(community, publisher.partitions)
        records = [Outgoing(TopicName.ACTIVITY, partition, community, record) for record in verdicts.records]
        try:
            await publisher.publish(records)
        except TooLarge as error:
            # Sent again it would be refused again: it is no 503. What came before it may be kept, and is one by its id.
            raise ProblemError(413, "An event is larger than the log takes", str(error)) from error
        metrics.ACCEPTED.inc(len(verdicts.records))
        metrics.REFUSED.labels("422").inc(len(verdicts.refused))
        return Receipt(accepted=len(verdicts.records), refused=_items(verdicts.refused))

    return routes


def _refuse_while(draining: bool) -> None:
    if draining:
        raise ProblemError(503, _DRAINING, headers={"Retry-After": str(DRAINING_SECONDS)})


async def _grant(request: Request, community: str, keys: Checks, limiter: Limiter) -> Grant:
    """Find out who sends; before the body is read."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        detail = "send `Authorization: Bearer <key>`; `kindling keys create` makes one"
        raise ProblemError(401, "A key is needed", detail, headers=_AUTHENTICATE)
    grant = await keys.check(token.strip())
    if grant is None:
        detail = "the key is unknown or was revoked"
        raise ProblemError(401, "The key is not valid", detail, headers={"WWW-Authenticate": _BEARER_WRONG})
    if not grant.opens(community):
        raise ProblemError(403, "The key is for another community")
    if (wait := limiter.wait(grant.key)) > 0:
        detail = f"this key may send {limiter.per_minute} events a minute"
        raise ProblemError(429, "Too many events", detail, headers={"Retry-After": str(ceil(wait))})
    return grant


_BEARER_WRONG = 'Bearer error="invalid_token"'


async def _read(request: Request, settings: IngestSettings) -> Body:
    form = form_of(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.max_body_bytes:
        raise too_large(settings)
    try:
        return await read_body(request.stream(), form, settings)
    except Invalid as error:
        raise _problem(422, "The body cannot be read", error.problems) from error


def _judge(items: Sequence[bytes], door: Door) -> _Verdicts:
    """Decide about every event; runs in a worker thread, so that others are served meanwhile."""
    verdicts = _Verdicts([], [])
    unfollowed = replace(door, traceparent=None)
    for index, item in enumerate(items):
        match accept(item, door if len(verdicts.records) < FOLLOWED else unfollowed):
            case Accepted(_, record):
                verdicts.records.append(record)
            case Refused() as refused:
                verdicts.refused.append((index, refused))
    return verdicts


def _refuse_all(refused: Sequence[tuple[int, Refused]], single: bool) -> NoReturn:
    status = 403 if refused and all(r.forbidden for _, r in refused) else 422
    if single and refused:
        raise _problem(status, "The event was not accepted", refused[0][1].problems)
    detail = "each of them is refused, see `refused`" if refused else "there is none in the body"
    raise ProblemError(status, "No event was accepted", detail, refused=[i.model_dump() for i in _items(refused)])


def _problem(status: int, title: str, problems: Sequence[Problem]) -> ProblemError:
    errors = [{"pointer": p.pointer, "detail": p.detail} for p in problems]
    return ProblemError(status, title, problems[0].detail, pointer=problems[0].pointer, errors=errors)


def _items(refused: Sequence[tuple[int, Refused]]) -> list[RefusedItem]:
    return [
        RefusedItem(
            index=index,
            pointer=r.problems[0].pointer,
            detail=r.problems[0].detail,
            errors=[WrongField(pointer=p.pointer, detail=p.detail) for p in r.problems],
        )
        for index, r in refused
    ]
