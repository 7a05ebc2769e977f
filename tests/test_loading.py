"""An image that has the packages of one service alone: its commands work, and the others say what they need."""

import subprocess
import sys

from kindling.commands.loading import RECOMMEND

_WITHOUT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(RECOMMEND)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import services.ingest.app, services.nudge.app
from kindling.main import main
main()
"""


def without_recommend(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line, and load ingest and nudge, where recommend's packages are not installed."""
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_ingest_and_nudge_need_no_package_of_recommend() -> None:
    """Their images carry no library of numerics: what they and the operator's commands load goes without."""
    done = without_recommend("--help")
    assert done.returncode == 0, done.stderr
    for command in ("run", "import", "link", "keys", "topics", "dead-letters"):
        assert f" {command} " in done.stdout
    assert " evaluate " not in done.stdout


def test_a_command_that_lacks_packages_says_which() -> None:
    """Nobody sees a stack because they asked the wrong image."""
    done = without_recommend("models", "list", "mine", "--json", "x")
    assert done.returncode == 2
    assert "`kindling models` needs numpy" in done.stderr
    assert "kindling[recommend]" in done.stderr
