"""Every test case as a line of JSON, so that anyone can score the rankings independently."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kindling.evaluate.files import written_whole
from kindling.evaluate.results import KEPT, Evaluation
from kindling.evaluate.times import iso


def lines(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Give one object for each case, in the order of the evaluation.

    Ranking tasks: `task`, `id`, `at` (ISO 8601, UTC), `cluster`, `groups`, `relevant` (who was first in front),
    `ranked` (by method, the first 100, best first). Silence: `task`, `id`, `at`, `cluster`, `age` (hours),
    `probabilities` (by method), `silent`.
    """
    for result in evaluation.ranked:
        for case in result.cases:
            yield {
                "task": result.task.value,
                "id": case.id,
                "at": iso(case.at),
                "cluster": case.cluster,
                "groups": sorted(case.groups),
                "relevant": list(case.relevant),
                "ranked": {method: list(ids[:KEPT]) for method, ids in case.ranked.items()},
            }
    for forecast in evaluation.silence.forecasts if evaluation.silence else ():
        yield {
            "task": "silence",
            "id": forecast.id,
            "at": iso(forecast.at),
            "cluster": forecast.cluster,
            "age": forecast.age,
            "probabilities": dict(forecast.probabilities),
            "silent": forecast.silent,
        }


def write_rankings(path: Path, evaluation: Evaluation) -> None:
    """Write all cases as JSON lines, packed where the name ends with .gz; the same twice, bit for bit.

    The file appears whole or not at all. Raises OSError where it cannot be written.
    """
    with written_whole(path) as file:
        if path.suffix == ".gz":
            # Neither the time nor the name of the file goes into it.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                packed.writelines(_encoded(evaluation))
        else:
            file.writelines(_encoded(evaluation))


def _encoded(evaluation: Evaluation) -> Iterator[bytes]:
    for line in lines(evaluation):
        yield (json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n").encode()
