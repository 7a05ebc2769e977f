"""How many seeds a test gets."""

import os
import random
from collections.abc import Callable

import pytest

from tests.conftest import in_ci


def seeded(full: dict[str, int]) -> Callable[[pytest.Metafunc], None]:
    """Make a module's `pytest_generate_tests`: a test named in `full` gets one new seed, with --prove so many.

    The seed is part of the test's name, so that a failure says how to run it again: with KINDLING_SEED set to it.
    In CI it is always the same one, so that a change is judged by what it changes; new ones are drawn elsewhere, the
    same in all processes of one run.
    """
    drawing = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))

    def generate(metafunc: pytest.Metafunc) -> None:
        count = full.get(metafunc.function.__name__)
        if count is not None:
            drawn = 1 if in_ci() else drawing.randrange(1_000_000)
            first = int(os.environ.get("KINDLING_SEED", drawn))
            runs = count if metafunc.config.getoption("--prove") else 1
            metafunc.parametrize("seed", range(first, first + runs))

    return generate
