"""Reckon what an installation needs. Pure; nothing becomes less where there is more to do."""

from dataclasses import dataclass
from math import ceil, isfinite

from kindling.plan.figures import Figures
from shared.failures import Unprocessable

DAY_SECONDS, MONTH_DAYS = 86_400, 30
# How busy a process may be in the busiest hour: above it what waits grows faster than what is done.
BUSY = 0.7
# What a process holds before it knows anybody: model, libraries, interpreter (docs/operate.md, at rest).
RECOMMEND_AT_REST, REDIS_AT_REST = 240e6, 6e6
# Redis needs room to write its file anew while it goes on.
REDIS_ROOM = 2.0
KEEP_DAYS = 90
PARTITIONS = 64
MOST = 10**9


@dataclass(frozen=True, slots=True)
class Load:
    """So many communities, each of this size. `peak`: how much the busiest hour has of a mean one."""

    members: int
    posts_per_day: float
    communities: int = 1
    years: float = 1.0
    peak: float = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What it needs: bytes, cores in the mean and in the busiest hour, processes, and hours for the first import."""

    posts_kept: float
    redis_bytes: float
    recommend_bytes: float
    recommend_cores: float
    recommend_cores_at_peak: float
    nudge_cores_at_peak: float
    kafka_bytes_a_month: float
    recommend_replicas: int
    nudge_replicas: int
    import_hours: float
    fits: bool


def check(load: Load) -> None:
    """Refuse what nobody has.

    Raises:
        Unprocessable: a number is none, too small or too large.
    """
    for name, value, least in (
        ("members", load.members, 1), ("posts per day", load.posts_per_day, 0), ("communities", load.communities, 1),
        ("years", load.years, 0), ("peak", load.peak, 1),
    ):  # fmt: skip
        if not isfinite(value) or not least <= value <= MOST:
            raise Unprocessable(f"{name} must be a number from {least} to {MOST:,}, not {value}")


def plan(load: Load, figures: Figures) -> Plan:
    """Reckon what a load needs; raises Unprocessable where the load makes no sense."""
    check(load)
    kept = load.posts_per_day * 365 * load.years
    young = load.posts_per_day * KEEP_DAYS
    state = figures.redis_a_post * kept + figures.redis_a_member * load.members + figures.redis_a_young_post * young
    memory = figures.memory_a_post * kept + figures.memory_a_member * load.members
    ranking = figures.post_ms + figures.post_ms_a_kept_post * kept + figures.post_ms_a_member * load.members
    a_post = ranking + figures.embed_ms + figures.reply_ms * figures.replies_a_post
    cores = a_post / 1000 * load.posts_per_day / DAY_SECONDS * load.communities
    asking = figures.nudge_ms_a_post / 1000 * load.posts_per_day / DAY_SECONDS * load.communities * load.peak
    replicas = _processes(cores * load.peak)
    at_work = min(replicas, load.communities)
    return Plan(
        posts_kept=kept * load.communities,
        redis_bytes=REDIS_ROOM * (REDIS_AT_REST + state * load.communities),
        recommend_bytes=RECOMMEND_AT_REST + memory * load.communities,
        recommend_cores=cores,
        recommend_cores_at_peak=cores * load.peak,
        nudge_cores_at_peak=asking,
        kafka_bytes_a_month=figures.log_a_post * load.posts_per_day * MONTH_DAYS * load.communities,
        recommend_replicas=replicas,
        nudge_replicas=_processes(asking),
        import_hours=(figures.embed_ms + figures.reply_ms * figures.replies_a_post) * kept / 3_600_000,
        fits=cores * load.peak / at_work <= BUSY and max(replicas, _processes(asking)) <= PARTITIONS,
    )


def _processes(cores: float) -> int:
    return max(ceil(cores / BUSY), 1)
