"""Who could have been asked: whom the mapping gives a role, or else who answered most at the time."""

from dataclasses import dataclass
from enum import StrEnum

from services.ingest.champions import SHARE, STEP_DAYS, WINDOW_DAYS, ChampionRule
from services.ingest.mapping import ArchiveMap
from shared.events import Role


class Source(StrEnum):
    """Where it is known from who may be asked."""

    MAPPING = "mapping"
    MOST_ANSWERS = "most_answers"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who counts as somebody to ask, the rule that makes champions of an archive, and the same in words."""

    source: Source
    rule: ChampionRule
    told: str


def eligible(known: ArchiveMap, *, everybody: bool) -> Eligible:
    """Choose who may be asked: everybody where that is wished, else who has a role, else the most active."""
    if everybody:
        said = "Everybody who has ever written could be asked, with or without a role."
        return Eligible(Source.EVERYBODY, ChampionRule.WALK, said)
    named = sum(bool(set(about.roles or ()) & {Role.CHAMPION, Role.LEADER}) for about in known.members.values())
    if named:
        people = "1 person" if named == 1 else f"{named:,} people"
        said = f"Those could be asked whom the mapping names champions or leaders: {people}."
        return Eligible(Source.MAPPING, ChampionRule.NONE, said)
    said = (
        f"The archive names no champions, so those could be asked who had answered most in the {WINDOW_DAYS} days "
        f"before: at most {SHARE:.0%} of the people active then, chosen anew every {STEP_DAYS} days."
    ).replace("%", " %")
    return Eligible(Source.MOST_ANSWERS, ChampionRule.WALK, said)
