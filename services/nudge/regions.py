"""Where somebody is, as far as it decides which holidays are theirs. Pure.

A region is a time zone (`Europe/Berlin`), what names of zones begin with (`Europe/`), a country by its two letters, or
a part of one (`US-CA`), as ISO 3166 writes them. Which zone is in which country is told by the tzdata package alone.
"""

from functools import cache, lru_cache
from importlib.resources import files

from services.nudge.documents import Member
from shared.limits import is_country, zone_names


def regions_of(member: Member) -> frozenset[str]:
    """Give the regions that somebody is in: their zone's, with the country that they named or else the zone's.

    Of unknown zone they are in the one that they named alone, if any.
    """
    known = (zone for zone in (member.own_zone, member.zone) if zone in zone_names())
    return _regions(next(known, None), member.region)


def is_region(text: str) -> bool:
    """Say whether a text names a region in which somebody could be."""
    if is_country(text):
        return True
    return text in zone_names() or (text.endswith("/") and any(zone.startswith(text) for zone in zone_names()))


@lru_cache(maxsize=4096)
def _regions(zone: str | None, named: str) -> frozenset[str]:
    parts = zone.split("/") if zone is not None else []
    found = {"/".join(parts[:length]) + "/" for length in range(1, len(parts))}
    country = named or (_countries().get(zone, "") if zone is not None else "")
    found |= {zone} if zone is not None else set()
    return frozenset(found | ({country, country.partition("-")[0]} if country else set()))


@cache
def _countries() -> dict[str, str]:
    """Give the country of each zone that is in one."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    told = (line.split("\t") for line in lines if not line.startswith("#"))
    return {zone: country for country, _, zone, *_ in told}
