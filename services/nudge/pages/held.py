"""The page on which members see all that is held of them, and take it with them as one file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from services.nudge.documents import Member
from services.nudge.links import Links, Visitor
from services.nudge.pages.routes import Pages, at_door
from services.nudge.take_answer import Desk
from services.nudge.tell_held import HeldTeller
from services.nudge.words import Words, words_for
from shared.held import ELSEWHERE, LEFT_OUT, Entry

# Of more, all are in the file.
MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table in words: what it is for, how many entries there are, and the first of them as lines."""

    about: str
    count: int
    entries: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class ShownService:
    """A service's tables that have an entry; `away` where it did not answer."""

    name: str
    away: bool
    tables: tuple[ShownTable, ...]


def held_pages(desk: Desk, teller: HeldTeller, links: Links) -> APIRouter:
    """Make the routes; a link to the inbox opens them, and nobody else's."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages()

    @routes.get("/inbox/{token}/held")
    async def show(token: str) -> Response:
        async def door(visitor: Visitor, known: Member) -> Response:
            words = words_for(known.language, desk.settings.language)
            told = await teller.tell(visitor.community, visitor.member)
            return pages.show(
                words,
                "held.html",
                token=token,
                services=[_service(words, one) for one in told["services"]],
                left_out=list(LEFT_OUT),
                elsewhere=list(ELSEWHERE),
                most=MOST_SHOWN,
            )

        return await at_door(desk, pages, links, token, door)

    @routes.get("/inbox/{token}/held.json")
    async def download(token: str) -> Response:
        async def door(visitor: Visitor, _known: Member) -> Response:
            told = await teller.tell(visitor.community, visitor.member)
            named = {"Content-Disposition": 'attachment; filename="kindling.json"'}
            return JSONResponse(told, headers={**pages.headers, **named})

        return await at_door(desk, pages, links, token, door)

    return routes


def _service(words: Words, told: Entry) -> ShownService:
    name = str(told["service"])
    tables = (ShownTable(_about(words, name, one), len(one["entries"]), _lines(one)) for one in told["tables"])
    return ShownService(name, bool(told.get("away")), tuple(table for table in tables if table.count))


def _about(words: Words, service: str, table: Entry) -> str:
    """Say what a table is for; of one that only a newer recommend knows, as it says so itself."""
    try:
        return words.say(f"held_{service}.{table['table']}")
    except KeyError:
        return str(table["about"])


def _lines(table: Entry) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple(_flat(entry)) for entry in table["entries"][:MOST_SHOWN])


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Give what stands in an entry line by line; what is empty is left out."""
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _flat(one, f"{name} {inner}".strip())
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, one in enumerate(value, start=1):
            yield from _flat(one, f"{name} {number}".strip())
    elif isinstance(value, list):
        if value:
            yield name, ", ".join(map(str, value))
    elif value is not None and value != "":
        yield name, str(value)
