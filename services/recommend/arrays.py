"""Arrays that grow."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

_SMALLEST = 64


def grown(array: NDArray[T], length: int, fill: Any = 0) -> NDArray[T]:
    """Give an array of at least `length` along the first axis that begins with `array`; doubles when it must."""
    if len(array) >= length:
        return array
    bigger = np.full((max(length, 2 * len(array), _SMALLEST), *array.shape[1:]), fill, dtype=array.dtype)
    bigger[: len(array)] = array
    return bigger
