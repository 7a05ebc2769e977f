"""Write the golden files that are missing: `python -m tests.golden`.

A file that is there is never written again: it stands for what other systems and the log hold already. A change
of an event that its file does not survive needs a new version of it, and so a new file.
"""

from pathlib import Path

from shared.wire import encode
from tests.golden.examples import envelope_of, examples


def main(folder: Path = Path(__file__).parent) -> None:
    for event in examples():
        path = folder / f"{type(event).__name__}.v{event.WIRE_VERSION}.json"
        if path.exists():
            print(f"kept     {path.name}")
            continue
        path.write_bytes(encode(envelope_of(event)) + b"\n")
        print(f"written  {path.name}")


if __name__ == "__main__":
    main()
