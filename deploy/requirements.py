"""Print what pyproject.toml needs, a requirement a line: what all services do, and the extras that are named."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [requirement for extra in sys.argv[1:] for requirement in project["optional-dependencies"][extra]]
print("\n".join([*project["dependencies"], *extras]))
