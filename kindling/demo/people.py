"""Who the invented community is: people with zones, hours, interests, expertise and roles. Nobody of them exists."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from kindling.demo.phrase import Topic
from kindling.demo.topics import CLOSED_TOPICS, COURSE_TEAM, MENTORS, OPEN_TOPICS
from shared.events import Role, WorkingHours

HISTORY: Final = timedelta(weeks=8)
FOUNDERS: Final = 46
NEWCOMERS: Final = 14

NAMES: Final = (
    "Arvessa", "Belorin", "Caldrix", "Danevi", "Eshkara", "Fenwith", "Galuma", "Hesparo", "Ilvane", "Jorvath",
    "Kesmira", "Lomandi", "Mirelu", "Nuvaya", "Ostrel", "Pelvanta", "Quorin", "Rasholi", "Selvoni", "Tavikar",
    "Umbreth", "Vashiki", "Wenduri", "Xalmira", "Yorvani", "Zephro", "Akhuli", "Brondel", "Chivaro", "Dewnara",
    "Elquist", "Farouze", "Gintavo", "Harishel", "Inkolo", "Jasveri", "Kotharu", "Lurenza", "Mokshaya", "Nephrin",
    "Okulele", "Prithva", "Qesmuri", "Rondavo", "Sumekha", "Tolvari", "Ushandi", "Vermeka", "Wystrel", "Xiovan",
    "Yamburi", "Zindrel", "Aldunai", "Bharuveh", "Cintolo", "Drusenka", "Evoniq", "Fjelmar", "Gwyvara", "Hokumai",
)  # fmt: skip
_BEGINNINGS: Final = ("Al", "Bri", "Che", "Da", "Ev", "Fa", "Gri", "Hu", "Ish", "Jo", "Ka", "Lu", "Mo", "Ne", "Or")
_MIDDLES: Final = ("va", "ndo", "shi", "mer", "lu", "rko", "thi", "zu", "ven", "qua", "pla", "dri")
_ENDS: Final = ("n", "ra", "vo", "lis", "meth", "ki", "shan", "dor", "ya", "nu")

ZONES: Final = (
    "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Europe/London", "America/Sao_Paulo", "Asia/Singapore",
    "Europe/Lisbon", "America/Chicago", "Africa/Nairobi", "Europe/Warsaw", "Asia/Kolkata", "America/Los_Angeles",
    "Europe/Helsinki", "Asia/Tokyo", "Africa/Lagos", "America/Bogota", "Asia/Manila", "Australia/Sydney",
)  # fmt: skip
# Champions and leaders come first, so that every part of the day has somebody who may be asked.
_CHAMPIONS: Final = 7
_LEADERS: Final = 2
_WEEKDAYS: Final = (0, 1, 2, 3, 4)
_HOURS: Final = ((8, 16), (9, 17), (9, 18), (10, 18), (9, 17))
_EVENING_ENDS: Final = 22


@dataclass(frozen=True, slots=True)
class Person:
    """One of the invented people. `writes` and `helps` weigh how often they post and answer; `keen`: on nudges."""

    id: str
    name: str
    zone: str
    hours: WorkingHours
    joined: datetime
    interests: tuple[str, ...]
    expertise: tuple[str, ...]
    roles: tuple[Role, ...] = ()
    private: tuple[tuple[str, datetime], ...] = ()
    writes: float = 1.0
    helps: float = 1.0
    keen: float = 0.7

    @property
    def newcomer(self) -> bool:
        return not self.expertise

    def awake(self, at: datetime) -> float:
        """Give how likely they are online, from 0 (asleep) to 1 (at work)."""
        local = at.astimezone(_zone(self.zone))
        if not self.hours.start.hour <= local.hour < _EVENING_ENDS:
            return 0.0
        share = 1.0 if local.hour < self.hours.end.hour else 0.35
        return share if local.weekday() in self.hours.weekdays else share * 0.4


def reads(person: Person, channel: str, at: datetime) -> bool:
    """Say whether somebody can read, and so write in, a channel at a time."""
    if person.joined > at:
        return False
    if channel not in (COURSE_TEAM, MENTORS):
        return True
    return any(name == channel and since <= at for name, since in person.private)


def founders(rng: Random, begin: datetime) -> list[Person]:
    """Invent those who are there from the first day."""
    names = rng.sample(NAMES, FOUNDERS)
    # Experts are dealt out in turn: every topic has some, whatever the seed.
    deck = rng.sample(OPEN_TOPICS, len(OPEN_TOPICS))
    return [_founder(rng, number, name, begin, deck) for number, name in enumerate(names)]


def late_names(rng: Random, people: list[Person]) -> list[str]:
    """Give the invented names that are left, for those who join later."""
    taken = {person.name for person in people}
    return rng.sample([name for name in NAMES if name not in taken], len(NAMES) - len(taken))


def invented_name(rng: Random, taken: set[str]) -> str:
    """Invent a name that nobody has: there are thousands, and then they are numbered."""
    name = rng.choice(_BEGINNINGS) + rng.choice(_MIDDLES) + rng.choice(_ENDS)
    number = 2
    unique = name
    while member_id(unique) in taken:
        unique, number = f"{name} {number}", number + 1
    return unique


def newcomer(rng: Random, name: str, joined: datetime) -> Person:
    """Invent somebody who has just joined: curious, and no expert of anything yet."""
    return Person(
        id=member_id(name),
        name=name,
        zone=rng.choice(ZONES),
        hours=_hours(rng),
        joined=joined,
        interests=_names(rng.sample(OPEN_TOPICS, 2)),
        expertise=(),
        writes=1.2,
        helps=0.25,
    )


def member_id(name: str) -> str:
    return "m-" + name.lower().replace(" ", "-")


@cache
def _zone(name: str) -> ZoneInfo:
    # ZoneInfo's own cache keeps eight zones; this community has twice as many.
    return ZoneInfo(name)


def _founder(rng: Random, number: int, name: str, begin: datetime, deck: list[Topic]) -> Person:
    champion, leader = number < _CHAMPIONS, _CHAMPIONS <= number < _CHAMPIONS + _LEADERS
    expert_in = 4 if champion else 3 if leader else rng.choice((1, 1, 2))
    expertise = [deck[(number * 3 + turn) % len(deck)] for turn in range(expert_in)]
    private = _private(number, begin)
    closed = tuple(t.name for t in CLOSED_TOPICS if t.channel in dict(private))
    return Person(
        id=member_id(name),
        name=name,
        zone=ZONES[number % len(ZONES)],
        hours=_hours(rng),
        joined=begin,
        interests=_names(rng.sample(OPEN_TOPICS, 3)),
        expertise=_names(expertise) + closed,
        roles=(Role.MEMBER, Role.CHAMPION) if champion else (Role.MEMBER, Role.LEADER) if leader else (),
        private=private,
        writes=0.5 if champion else 0.3 if leader else round(rng.uniform(0.4, 2.0), 2),
        helps=6.0 if champion else 0.8 if leader else round(rng.uniform(0.3, 2.0), 2),
        keen=round(rng.uniform(0.7, 0.95) if champion else rng.uniform(0.5, 0.8), 2),
    )


def _private(number: int, begin: datetime) -> tuple[tuple[str, datetime], ...]:
    """Give the private channels that somebody is in, and since when; a mentor and a tutor are added later."""
    found = []
    if number < 4 or 7 <= number < 14:
        found.append((COURSE_TEAM, begin))
    elif number == 20:
        found.append((COURSE_TEAM, begin + timedelta(weeks=3, hours=2)))
    if 2 <= number < 8 or 14 <= number < 20:
        found.append((MENTORS, begin))
    elif number == 21:
        found.append((MENTORS, begin + timedelta(weeks=4, hours=3)))
    return tuple(found)


def _hours(rng: Random) -> WorkingHours:
    start, end = rng.choice(_HOURS)
    return WorkingHours(start=time(start), end=time(end), weekdays=_WEEKDAYS)


def _names(topics: list[Topic]) -> tuple[str, ...]:
    return tuple(topic.name for topic in topics)
