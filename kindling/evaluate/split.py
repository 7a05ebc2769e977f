"""Which threads an evaluation learns from, and on which it is judged."""

from dataclasses import dataclass

from services.recommend.spans import DAY
from services.recommend.walk import History

WARM_UP = 0.1
TEST = 0.8
LEFT_OUT = 7 * DAY


@dataclass(frozen=True, slots=True)
class Split:
    """Times in seconds since 1970: before `begins` nothing is learnt, from `test` to `ends` it is judged.

    The threads that people started are split in the order of time: the first tenth is only looked at, what comes
    up to four fifths is learnt from. What lies in the archive's last seven days is left out, since answers to it
    may be missing.
    """

    begins: float
    test: float
    ends: float

    @classmethod
    def of(cls, history: History) -> "Split":
        """Split a history that has a post by a person; ValueError where it has none."""
        bots = {name for name, member in history.members.items() if member.bot}
        last = [post.at.timestamp() for post in history.posts.values()]
        last += [reply.at.timestamp() for reply in history.replies.values()]
        ends = max(last, default=0.0) - LEFT_OUT
        ats = sorted(p.at.timestamp() for p in history.posts.values() if p.author not in bots)
        ats = [at for at in ats if at <= ends]
        if not ats:
            raise ValueError("no thread by a person is older than the archive's last seven days")
        return cls(ats[int(WARM_UP * len(ats))], ats[int(TEST * len(ats))], ends)
