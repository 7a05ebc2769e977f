"""Communities to be like: what `--fit` reads off the last year of the README's forum and chat; and one without need.

In `even` all posts are equally likely to be answered: nothing is gained by knowing which one needs somebody.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Final

from kindling.simulate.community.parameters import Parameters


class Like(StrEnum):
    FORUM = "forum"
    CHAT = "chat"
    EVEN = "even"


_FORUM: Final = Parameters(
    posts_per_day=2.75, newcomers=0.418, still_open=(0.7557, 0.6129, 0.485, 0.4041, 0.3352, 0.2942),
    newcomers_open=0.3998, told_apart=0.65, concentration=1.433, history_days=218,
)  # fmt: skip
PRESETS: Final = {
    Like.FORUM: _FORUM,
    Like.CHAT: Parameters(
        posts_per_day=37.55, newcomers=0.242, still_open=(0.7077, 0.631, 0.5714, 0.5658, 0.5657, 0.5657),
        newcomers_open=0.522, told_apart=0.74, concentration=0.868, history_days=28,
    ),
    Like.EVEN: replace(_FORUM, told_apart=0.5, hidden=0.0, newcomers_open=_FORUM.still_open[3]),
}  # fmt: skip
