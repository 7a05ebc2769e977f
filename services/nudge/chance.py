"""How likely somebody replies when asked: the score that recommend gave, times a ratio learnt from earlier asks. Pure.

Of everybody it is known how many replies their asks brought, and how many their scores had led to expect. The true
ratio of the two is taken as gamma distributed around the one of their role, replies as Poisson around ratio times
expectation; the ratio that one reckons with is then its mean given what was seen,

    (strength * role's ratio + replies) / (strength + expected)

and the role's is shrunk to 1 in the same way. How alike the people of a role are is read off their tallies by moments
(empirical Bayes: Robbins 1956; Clayton & Kaldor 1987, "Empirical Bayes estimates of age-standardized relative risks").
"""

from functools import lru_cache
from typing import Final

from services.nudge.documents import RoleTally, Tally

# Ratios are compared to so many decimals, so that builds agree.
DECIMALS: Final = 6
# So many expected replies weigh as much as what was believed before them: that a role replies as its scores say,
ROLE_STRENGTH: Final = 5.0
# and that a person replies as their role does, as long as nothing is known of how people differ; then within these.
USUAL_STRENGTH: Final = 3.0
LEAST_STRENGTH: Final = 1.0
MOST_STRENGTH: Final = 30.0
# The sum of squared expectations from which on what is seen of the differences counts more than the usual.
_SPREAD_WEIGHT: Final = 30.0


def reply_chance(score: float, ratio: float) -> float:
    """Give how likely somebody replies when asked, from 0 to 1."""
    return min(1.0, max(0.0, score * ratio))


def reply_ratio(person: Tally, role: RoleTally) -> float:
    """Give by how much more, or less, often somebody replies when asked than their scores say."""
    return round(_shrunk(person, *_role(role)), DECIMALS)


def role_ratio(role: RoleTally) -> float:
    """Give the same for the people of a role together."""
    return _shrunk(Tally(role.replies, role.expected), 1.0, ROLE_STRENGTH)


def strength(role: RoleTally) -> float:
    """Give how many expected replies of a person weigh as much as their role: the more, the more alike its people are.

    With m the role's ratio and v the variance of its people's, (replies - m * expected) ** 2 of a person is on average
    m * expected + v * expected ** 2; v is what makes that so over all of them, shrunk to the usual, and m / v the rest.
    """
    mean = role_ratio(role)
    squares = role.replies_squared - 2 * mean * role.replies_expected + mean**2 * role.expected_squared
    excess = squares - mean * role.expected
    spread = (_SPREAD_WEIGHT * mean / USUAL_STRENGTH + excess) / (_SPREAD_WEIGHT + role.expected_squared)
    return min(MOST_STRENGTH, max(LEAST_STRENGTH, mean / spread)) if spread > 0 else MOST_STRENGTH


def with_ask(person: Tally, score: float, *, replied: bool) -> Tally:
    """Give the tally of somebody after one more ask has come to its end."""
    return Tally(person.replies + replied, person.expected + score)


def with_change(role: RoleTally, was: Tally, now: Tally) -> RoleTally:
    """Give a role's tally after the one of somebody in it has changed."""
    return RoleTally(
        replies=role.replies + now.replies - was.replies,
        expected=role.expected + now.expected - was.expected,
        replies_squared=role.replies_squared + now.replies**2 - was.replies**2,
        replies_expected=role.replies_expected + now.replies * now.expected - was.replies * was.expected,
        expected_squared=role.expected_squared + now.expected**2 - was.expected**2,
    )


# A round asks the same of each of its pairs.
@lru_cache(maxsize=64)
def _role(role: RoleTally) -> tuple[float, float]:
    return role_ratio(role), strength(role)


def _shrunk(tally: Tally, towards: float, weight: float) -> float:
    return (weight * towards + tally.replies) / (weight + tally.expected)
