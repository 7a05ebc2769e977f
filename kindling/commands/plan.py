"""`kindling plan`: what an installation needs, before there is one."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kindling.commands.common import Json, write_json
from kindling.plan.estimate import BUSY, KEEP_DAYS, PARTITIONS, REDIS_ROOM, Load, Plan
from kindling.plan.estimate import plan as reckon
from kindling.plan.figures import Figures, measured


def plan(
    members: Annotated[int, typer.Option(help="Members of a community.")],
    posts_per_day: Annotated[float, typer.Option(help="Posts that start a thread there, a day.")],
    communities: Annotated[int, typer.Option(help="How many communities of this size.")] = 1,
    years: Annotated[float, typer.Option(help="How many years of posts are kept, history among them.")] = 1.0,
    peak: Annotated[float, typer.Option(help="How many times a mean hour the busiest has.")] = 5.0,
    json_file: Json = None,
) -> None:
    """Reckon memory, disk, cores and replicas from measured figures, and say how.

    It is an estimate: measured on one machine, with three replies a post and posts of 80 words.
    """
    load, figures = Load(members, posts_per_day, communities, years, peak), measured()
    found = reckon(load, figures)
    write_json(json_file, {"load": asdict(load), "plan": asdict(found), "figures": asdict(figures)})
    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(load, found, figures))
    console.print(Text(f"Figures: {figures.command}, {figures.measured}, {figures.machine}."))
    if not found.fits:
        console.print(
            Text(
                "This does not fit: a community is handled by one process at a time, and there are at most "
                f"{PARTITIONS} a service. Keep fewer years, or a faster machine for recommend."
            )
        )


def _table(load: Load, found: Plan, figures: Figures) -> Table:
    table = Table("what", "needs", "because")
    table.add_row(
        "Redis: memory", size(found.redis_bytes),
        f"{found.posts_kept:,.0f} posts x {size(figures.redis_a_post)} with their replies and vector, members x "
        f"{size(figures.redis_a_member)}, {KEEP_DAYS} days of nudging x {size(figures.redis_a_young_post)} a post; "
        f"x {REDIS_ROOM:g} for rewriting its file",
    )  # fmt: skip
    table.add_row(
        "recommend: memory, all replicas", size(found.recommend_bytes),
        f"posts x {size(figures.memory_a_post)}, members x {size(figures.memory_a_member)}, and itself",
    )  # fmt: skip
    ranking = figures.post_ms_a_kept_post * 1000, figures.post_ms_a_member * 1000
    table.add_row(
        "recommend: cores", f"{found.recommend_cores:.3f}, busiest hour {found.recommend_cores_at_peak:.3f}",
        f"a post: {figures.embed_ms:.0f} ms to embed, {figures.post_ms:.1f} ms to rank and {ranking[0]:.2f} ms a "
        f"thousand posts, {ranking[1]:.2f} ms a thousand members; a reply: {figures.reply_ms:.1f} ms",
    )  # fmt: skip
    table.add_row(
        "recommend: replicas", str(found.recommend_replicas), f"at most {BUSY:.0%} busy; one more to go on in a failure"
    )
    table.add_row(
        "nudge: cores, replicas", f"busiest hour {found.nudge_cores_at_peak:.3f}, {found.nudge_replicas}",
        f"{figures.nudge_ms_a_post:.1f} ms a post",
    )  # fmt: skip
    table.add_row(
        "Kafka: disk, 30 days", size(found.kafka_bytes_a_month),
        f"{size(figures.log_a_post)} a post in all topics, with its replies; times the copies that Kafka keeps",
    )  # fmt: skip
    table.add_row(
        "the first import", f"{found.import_hours:.1f} hours a community",
        f"{load.years:g} years of posts embedded on one core",
    )  # fmt: skip
    return table


def size(count: float) -> str:
    """Say a number of bytes."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= least:
            return f"{count / least:,.1f} {unit}"
    return f"{count:.0f} B"
