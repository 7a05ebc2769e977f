"""The version before this one: its images and its compose file, as the history of this checkout has them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.stack import IMAGES, ROOT, docker

TAG = "previous"


@dataclass(frozen=True)
class Previous:
    """A version that was built: images with the tag `previous`, and the folder of its files."""

    revision: str
    folder: Path

    @property
    def compose_file(self) -> Path:
        return self.folder / "deploy" / "compose.yaml"


def previous_revision() -> str | None:
    """Name the commit before what is here: the last one where something was changed since; None where none is known."""
    changed = _git("diff", "--quiet", "HEAD").returncode
    found = _git("rev-parse", "--short", "--verify", "HEAD" if changed else "HEAD~1")
    return found.stdout.decode().strip() if found.returncode == 0 else None


def build_previous(revision: str, folder: Path, model: str) -> Previous:
    """Build a version's images from its own files, with the model that this one has."""
    archive = _git("archive", "--format=tar", revision)
    archive.check_returncode()
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    shutil.copytree(ROOT / "dist" / "models" / model, folder / "dist" / "models" / model)
    for image in IMAGES:
        what = ["--target", image.removeprefix("kindling-"), "--tag", f"{image}:{TAG}"]
        docker("build", *what, "--build-arg", f"MODEL={model}", "--build-arg", f"REVISION={revision}", str(folder))
    return Previous(revision, folder)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
