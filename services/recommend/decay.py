"""Forward decay: sums of what happened, each part halved with its age, that need no order.

A record's weight is 2 ** ((at - EPOCH) / half-life), kept as a whole number: so a sum is the same in whatever
order records come, and taking one away leaves exactly the rest. The age of the sum itself is divided out when
it is read.
"""

import math

from numpy import exp2, float64
from numpy.typing import NDArray

EPOCH = 1_262_304_000.0  # 2010-01-01 UTC, in seconds
DAY = 86_400.0
_BITS = 52


def weight(at: float, half_life: float) -> int:
    """Weigh a record of time `at` (seconds since 1970), in units of 2**-52; `half_life` is in seconds."""
    halvings = (at - EPOCH) / half_life
    whole = math.floor(halvings)
    mantissa = int(math.ldexp(2.0 ** (halvings - whole), _BITS))
    return mantissa << whole if whole >= 0 else mantissa >> -whole


def log2_of(total: int) -> float:
    """Give the binary logarithm of a sum of weights, however large; minus infinity for none."""
    if total <= 0:
        return -math.inf
    beyond = max(0, total.bit_length() - 53)
    return math.log2(total >> beyond) + beyond - _BITS


def decayed(logs: NDArray[float64], now: float, half_life: float) -> NDArray[float64]:
    """Read sums (`log2_of` each) as of `now`: how many records of this very moment they are worth."""
    worth: NDArray[float64] = exp2(logs - (now - EPOCH) / half_life)
    return worth
