"""Reading a request's body as it comes, and stopping where it is too much: nothing a client says is trusted."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from starlette.requests import ClientDisconnect

from services.ingest.accept import is_array, split
from services.ingest.settings import IngestSettings
from shared.failures import Invalid, Problem
from shared.problems import ProblemError


class Form(Enum):
    """How events are written in a body, by its content type."""

    ONE = "application/cloudevents+json"
    BATCH = "application/cloudevents-batch+json"
    EITHER = "application/json"
    LINES = "application/x-ndjson"


def form_of(content_type: str, content_encoding: str) -> Form:
    """Read the headers that say what the body is; answers 415 for what is not taken."""
    media, _, parameters = content_type.partition(";")
    taken = ", ".join(form.value for form in Form)
    if content_encoding.strip().lower() not in ("", "identity"):
        raise ProblemError(415, "Unsupported content encoding", "compressed bodies are not taken: send it as it is")
    if _charset(parameters) not in ("", "utf-8"):
        raise ProblemError(415, "Unsupported character set", "events are written in UTF-8")
    try:
        return Form(media.strip().lower())
    except ValueError:
        raise ProblemError(415, "Unsupported content type", f"one of these is taken: {taken}") from None


def _charset(parameters: str) -> str:
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip('"')
    return ""


@dataclass(frozen=True, slots=True)
class Body:
    """The events of a body, each still as it came; `single` where it was one and no array or list of lines."""

    items: list[bytes]
    single: bool


async def read_body(chunks: AsyncIterator[bytes], form: Form, settings: IngestSettings) -> Body:
    """Read a body and cut it into its events.

    Raises:
        Invalid: it is not what its content type says.
        ProblemError: 413 for more than the limits, 408 for a body that comes too slowly.
    """
    try:
        async with asyncio.timeout(settings.body_seconds):
            if form is Form.LINES:
                return Body(await _read_lines(chunks, settings), single=False)
            body = b"".join([chunk async for chunk in _within(chunks, settings)])
    except TimeoutError:
        detail = f"the body did not arrive within {settings.body_seconds:.0f} seconds"
        raise ProblemError(408, "Too slow", detail) from None
    except ClientDisconnect:
        raise ProblemError(400, "The body ended early") from None
    array = is_array(body)
    if form is Form.ONE and array:
        raise Invalid([Problem("", f"{Form.ONE.value} is one event; send arrays as {Form.BATCH.value}")])
    if form is Form.BATCH and not array:
        raise Invalid([Problem("", f"{Form.BATCH.value} is an array of events")])
    return Body(await asyncio.to_thread(_counted, split(body), settings), single=not array)


async def _read_lines(chunks: AsyncIterator[bytes], settings: IngestSettings) -> list[bytes]:
    lines: list[bytes] = []
    rest: list[bytes] = []
    async for chunk in _within(chunks, settings):
        *whole, last = chunk.split(b"\n")
        if whole:
            rest.append(whole[0])
            lines += [line for line in (b"".join(rest), *whole[1:]) if line.strip()]
            rest = []
            _check_count(len(lines), settings)
        rest.append(last)
    lines += [line for line in (b"".join(rest),) if line.strip()]
    _check_count(len(lines), settings)
    return lines


async def _within(chunks: AsyncIterator[bytes], settings: IngestSettings) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > settings.max_body_bytes:
            raise too_large(settings)
        yield chunk


def too_large(settings: IngestSettings) -> ProblemError:
    most = settings.max_body_bytes
    detail = f"a body has at most {most / (1024 * 1024):g} MB ({most} bytes): send it in parts"
    return ProblemError(413, "The body is too large", detail, limit_bytes=most)


def _counted(items: Iterator[bytes], settings: IngestSettings) -> list[bytes]:
    found = list(islice(items, settings.max_events + 1))
    _check_count(len(found), settings)
    return found


def _check_count(count: int, settings: IngestSettings) -> None:
    if count > settings.max_events:
        detail = f"a request has at most {settings.max_events} events: send them in parts"
        raise ProblemError(413, "Too many events", detail, limit_events=settings.max_events)
