"""Put the exported embedding model where the image build takes it from: dist/models/SHA256-OF-ITS-GRAPH.

The export is made once, in the cache that recommend itself uses; its hash, which
the argument MODEL names, is printed and kept in dist/models/current.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from kindling.settings import load
from services.recommend.encoder import exported_folder
from services.recommend.export import GRAPH, export_apart

TARGET = Path("dist/models")


def main() -> None:
    """Export where nobody has, copy where that is not done, and print the hash."""
    settings = load().recommend
    made = exported_folder(settings.model, settings.cache_dir)
    if not made.exists():
        export_apart(settings.model, made, lambda line: print(line, file=sys.stderr))
    digest = hashlib.sha256((made / GRAPH).read_bytes()).hexdigest()
    target = TARGET / digest / made.name
    if not target.exists():
        partial = TARGET / f".{digest}"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(made, partial / made.name)
        partial.rename(TARGET / digest)
    (TARGET / "current").write_text(digest + "\n", encoding="utf-8")
    print(digest)


if __name__ == "__main__":
    main()
