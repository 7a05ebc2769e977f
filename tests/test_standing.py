"""How models stand: the doctor warns where training stands still, and of nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kindling.standing import LONGEST, Standing, ago
from services.recommend.tries import Ending, Try

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WELL = Standing("c", "learned-x", NOW - 30 * DAY, Try(NOW - DAY, Ending.KEPT, "it does worse"))


@pytest.mark.parametrize(
    ("stands", "warns"),
    [
        (WELL, False),  # old models, because newer ones do worse
        (replace(WELL, last=Try(NOW, Ending.FAILED, "ValueError")), True),
        (replace(WELL, last=Try(NOW, Ending.UNDER_WAY)), True),  # killed: nobody is at it
        (replace(WELL, last=Try(NOW, Ending.UNDER_WAY), at_work=True), False),
        (replace(WELL, last=Try(NOW, Ending.STOPPED)), False),  # with its service; tried again
        (replace(WELL, last=Try(NOW - LONGEST - DAY, Ending.PROMOTED)), True),
        (replace(WELL, last=Try(NOW - LONGEST - DAY, Ending.PROMOTED), open=False), False),
        (replace(WELL, last=None), True),  # promoted by hand long ago, and never since
        (Standing("c"), False),  # just begun
        (Standing("c", last=Try(NOW, Ending.TOO_YOUNG, "3 posts")), False),
    ],
)
def test_the_doctor_warns_where_training_stands_still(stands: Standing, warns: bool) -> None:
    """A failure, a process that was killed, and a week without a try; never where training is off."""
    assert bool(stands.todo(NOW, DAY)) is warns
    assert stands.todo(NOW, timedelta()) == ""


def test_who_trains_seldom_is_not_warned_after_a_week() -> None:
    """What is late goes by how often it is to be."""
    monthly = replace(WELL, last=Try(NOW - 40 * DAY, Ending.PROMOTED))
    assert monthly.todo(NOW, 30 * DAY) == ""
    assert monthly.todo(NOW + 21 * DAY, 30 * DAY) != ""


def test_it_is_told_what_ranks_for_how_long_and_how_the_last_try_ended() -> None:
    """One line says all of it."""
    assert WELL.told(NOW) == "learned-x, for 30 days; last try 1 day ago, only kept: it does worse"
    assert Standing("c").told(NOW) == "hand-set; no training was tried yet"
    killed = replace(WELL, last=Try(NOW - timedelta(hours=3), Ending.UNDER_WAY), chosen=True)
    assert killed.told(NOW) == "learned-x, for 30 days (chosen by an operator); last try 3 hours ago, cut off"
    assert ago(timedelta(seconds=59)) == "less than a minute"
