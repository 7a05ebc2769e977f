"""How many seeds a test gets."""

import os
import random
from collections.abc import Callable

import pytest


def seeded(full: dict[str, int]) -> Callable[[pytest.Metafunc], None]:
    """Make a module's `pytest_generate_tests`: a test named in `full` gets one new seed, with --prove so many.

    The seed is part of the test's name, so that a failure says how to run it again: with KINDLING_SEED set to it.
    """

    def generate(metafunc: pytest.Metafunc) -> None:
        count = full.get(metafunc.function.__name__)
        if count is not None:
            first = int(os.environ.get("KINDLING_SEED", random.SystemRandom().randrange(1_000_000)))
            runs = count if metafunc.config.getoption("--prove") else 1
            metafunc.parametrize("seed", range(first, first + runs))

    return generate
