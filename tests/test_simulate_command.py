"""`kindling simulate`, as it is typed."""

import json
import sys
from pathlib import Path

from tests.test_commands import kindling

WORLD = f"{sys.executable} examples/world.py"


def test_policies_are_compared_in_a_world_of_ones_own(tmp_path: Path) -> None:
    """The table has a column a policy and what the world reports; --json has all of it, run by run."""
    file = tmp_path / "found.json"
    chosen = ("--policy", "kindling", "--policy", "none")
    said = kindling(tmp_path, "simulate", "--world", WORLD, "--days", "5", "--seeds", "2", *chosen, "--json", str(file))
    assert "gained per ask" in said
    found = json.loads(file.read_text())
    assert list(found["policies"]) == ["none", "kindling"]
    assert [(run["policy"], run["seed"]) for run in found["runs"]] == [
        ("none", 1), ("none", 2), ("kindling", 1), ("kindling", 2),
    ]  # fmt: skip
    kindling_found = found["policies"]["kindling"]
    assert kindling_found["asks"] == kindling_found["world"]["asks"] > 0
    assert kindling_found["value_per_ask"] * kindling_found["asks"] - kindling_found["gained"] < 1e-3


def test_a_wrong_world_or_option_is_a_sentence(tmp_path: Path) -> None:
    """What a person can mend is said as such, with exit code 2."""
    assert "ended with 3" in kindling(
        tmp_path, "simulate", "--world", f"{sys.executable} -c 'raise SystemExit(3)'", code=2
    )
    assert "knows only the built-in world" in kindling(
        tmp_path, "simulate", "--world", WORLD, "--policy", "oracle", code=2
    )
    assert "must be a date or a time" in kindling(tmp_path, "simulate", "--until", "soon", code=2)


def test_holdouts_are_checked_where_the_truth_is_known(tmp_path: Path) -> None:
    """The table and --json say of each world how often the truth lay within every day, and of how many false alarms."""
    file = tmp_path / "found.json"
    said = kindling(tmp_path, "simulate", "--holdouts", "2", "--json", str(file))
    assert "covered" in said
    found = json.loads(file.read_text())
    assert len(found["worlds"]) == 12
    assert all(world["covered"] <= 2 and world["false_alarms"] <= 2 for world in found["worlds"])
    assert "leave out --world" in kindling(tmp_path, "simulate", "--holdouts", "2", "--world", WORLD, code=2)
