"""Two communities to be like: what `--fit` reads off the last year of the forum and the chat of the README."""

from enum import StrEnum
from typing import Final

from kindling.simulate.community.parameters import Parameters


class Like(StrEnum):
    FORUM = "forum"
    CHAT = "chat"


PRESETS: Final = {
    Like.FORUM: Parameters(
        posts_per_day=2.75, newcomers=0.418, still_open=(0.7557, 0.6129, 0.485, 0.4041, 0.3352, 0.2942),
        newcomers_open=0.3998, told_apart=0.65, concentration=1.433, history_days=218,
    ),
    Like.CHAT: Parameters(
        posts_per_day=37.55, newcomers=0.242, still_open=(0.7077, 0.631, 0.5714, 0.5658, 0.5657, 0.5657),
        newcomers_open=0.522, told_apart=0.74, concentration=0.868, history_days=28,
    ),
}  # fmt: skip
