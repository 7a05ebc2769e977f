"""The page that shows operators what asking adds, behind a signed link of its own."""

from dataclasses import dataclass
from typing import Final

from babel.numbers import format_decimal
from fastapi import APIRouter
from fastapi.responses import Response

from services.nudge.effect import Effect
from services.nudge.hold import MEASURED_AFTER
from services.nudge.links import BadLink, Links
from services.nudge.measure import Outcome
from services.nudge.pages.routes import Pages
from services.nudge.read_effect import Told, measured
from services.nudge.take_answer import Desk
from services.nudge.words import Words, words_of
from shared.failures import Unavailable

# An interval is drawn from minus to plus so many hundredths; what lies beyond ends at the edge.
_WIDEST: Final = 50.0
# What is told in hours: so many make one.
_HOURS: Final = {Outcome.SILENT: MEASURED_AFTER.total_seconds() / 3600, Outcome.SILENT_DAY: 24.0}


@dataclass(frozen=True, slots=True)
class Shown:
    """One outcome as the page has it: in words, and as places in a drawing of 0 to 100."""

    name: str
    counts: str
    said: str
    interval: str
    is_measured: bool
    low: float | None = None
    middle: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ShownWeek:
    """A week of which it was drawn whether anybody is asked: how many of its posts were answered within their day."""

    name: str
    asking: bool
    known: int
    answered: float


def effect_pages(desk: Desk, links: Links) -> APIRouter:
    """Make the route."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages()
    # Operators have no language of their own.
    words = words_of(desk.settings.language)

    @routes.get("/effect/{token}")
    async def show(token: str) -> Response:
        try:
            found = await measured(desk.reader, links.read(token).community, desk.press.now())
        except BadLink:
            return pages.show(words, "bad_link.html", 403)
        except Unavailable:
            return pages.show(words, "away.html", 503)
        drawn = [
            ShownWeek(name, week.asking, *_answered(week.whole.outcomes.get(Outcome.ANSWERED_FROM_POST)))
            for name, week in found.weeks.items()
            if week.asking is not None
        ]
        return pages.show(
            words,
            "effect.html",
            posts=[_shown(words, told, "posts") for told in found.posts],
            whole=[_shown(words, told, "weeks") for told in found.whole] if drawn else [],
            weeks=drawn,
            displaced=found.displaced,
            anything=any(told.is_measured for told in (*found.posts, *found.whole)),
            held=sum(told.held for told in found.posts),
        )

    return routes


def _answered(known: tuple[int, float] | None) -> tuple[int, float]:
    count, total = known or (0, 0.0)
    return count, 100 * total / count if count else 0.0


def _shown(words: Words, told: Told, counted: str) -> Shown:
    """Write an outcome down; without an effect that is measured, the words are that there is none yet."""
    name = words.say(f"effect.{told.outcome.value}")
    counts = words.say(f"effect.{counted}", asked=told.asked, held=told.held)
    if told.found is None:
        return Shown(name, counts, words.say("effect.nothing_yet"), "", False)
    scale, unit = (_HOURS[told.outcome], "hours") if told.outcome in _HOURS else (100.0, "points")
    estimate, low, high = (_amount(words, scale * value, unit) for value in _parts(told.found))
    said = words.say("effect.adds", amount=estimate) if told.is_measured else words.say("effect.nothing_yet")
    places = [50 + min(max(100 * value, -_WIDEST), _WIDEST) for value in _parts(told.found)]
    interval = words.say("effect.interval", low=low, high=high)
    return Shown(name, counts, said, interval, told.is_measured, places[1], places[0], places[2])


def _parts(found: Effect) -> tuple[float, float, float]:
    return found.estimate, found.low, found.high


def _amount(words: Words, value: float, unit: str) -> str:
    """Write an amount with its sign: more, or less."""
    return words.say(f"effect.{unit}", amount=format_decimal(value, "+#,##0.0;-#,##0.0", words.language))
