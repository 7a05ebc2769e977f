"""Hypothesis strategies for every event, made from the fields' own types."""

import typing
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime

from shared.events import (
    EVENTS,
    Absence,
    Absences,
    Count,
    Delegate,
    Delegates,
    Event,
    GapHours,
    Interests,
    Score,
    Value,
    Weekday,
)
from shared.limits import (
    LONGEST_GAP_HOURS,
    MOST_ABSENCES,
    MOST_DELEGATES,
    MOST_INTERESTS,
    Id,
    Language,
    LocalTime,
    Moment,
    Region,
    Setting,
    Text,
    Zone,
    normalise,
    zone_names,
)

_PRINTING = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
_ANY = st.characters(exclude_categories=["Cs"])
_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)

ids = st.text(_PRINTING, min_size=1, max_size=60)
texts = st.text(_ANY, max_size=200)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.one_of(st.just(UTC), _OFFSETS))  # noqa: DTZ001

absences = st.lists(st.dates(date(1971, 1, 1), date(2100, 1, 1)), min_size=2, max_size=2).map(
    lambda days: Absence(first=min(days), last=max(days))
)

delegates = st.builds(
    lambda member, days, whole: Delegate(
        member=member, first=days.first if whole else None, last=days.last if whole else None
    ),
    ids,
    absences,
    st.booleans(),
)

_BY_TYPE: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Id, ids),
    (Language, st.sampled_from(("en", "de", "de-AT", "pt-BR"))),
    (Zone, st.sampled_from(sorted(zone_names()))),
    (Setting, st.one_of(texts, st.booleans(), st.integers(-(10**9), 10**9), _NUMBERS)),
    (LocalTime, st.times()),
    (
        Interests,
        st.lists(st.text(_PRINTING, min_size=1, max_size=60).filter(str.strip), max_size=MOST_INTERESTS).map(tuple),
    ),
    (Delegates, st.lists(delegates, max_size=MOST_DELEGATES).map(tuple)),
    (Region, st.sampled_from(("", "DE", "US-CA"))),
    (Absences, st.lists(absences, max_size=MOST_ABSENCES).map(tuple)),
    (Text, texts),
    (Moment, moments),
    (AwareDatetime, moments),
    (Score, _NUMBERS),
    (Count, st.integers(0, 10**9)),
    (GapHours, st.integers(0, LONGEST_GAP_HOURS)),
    (Weekday, st.integers(0, 6)),
    (bool, st.booleans()),
    (str, texts.map(normalise)),
    (int, st.integers(-(10**9), 10**9)),
    (float, _NUMBERS),
    (type(None), st.none()),
]


def events() -> st.SearchStrategy[Event]:
    """Give any event."""
    return st.one_of([event_of(kind) for kind in EVENTS.values()])


def event_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    return _model(kind)


def _model(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: _strategy(hints[name]) for name in kind.model_fields})


def _strategy(hint: Any) -> st.SearchStrategy[Any]:
    for known, strategy in _BY_TYPE:
        if hint == known:
            return strategy
    if isinstance(hint, type) and issubclass(hint, Value):
        return _model(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([_strategy(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(_strategy(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(_strategy(arguments[0]), _strategy(arguments[1]), max_size=3)
    if origin is Annotated:
        return _restricted(arguments[0], arguments[1:])
    raise NotImplementedError(f"no strategy for {hint}")


def _restricted(base: Any, limits: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Follow what a `Field(...)` of its own demands."""
    if base is str:
        return st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
    rules = {type(rule).__name__: rule for limit in limits for rule in limit.metadata}
    if base is int:
        return st.integers(rules["Ge"].ge, rules["Le"].le if "Le" in rules else 10**9)
    if "Gt" in rules:
        return st.floats(rules["Gt"].gt, rules["Le"].le, exclude_min=True)
    return st.floats(rules["Ge"].ge, rules["Le"].le if "Le" in rules else 1e12)
