"""Grafana's dashboards: of what is measured, and such as Grafana loads. Its image is not run here."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.dashboards import SOURCE, written
from shared import metrics

FOLDER = Path(__file__).parent.parent / "deploy" / "grafana"
FILES = sorted((FOLDER / "dashboards").glob("*.json"))
SUFFIX = re.compile(r"_(total|bucket|count|sum)$")
# What Prometheus itself says of whom it scrapes.
ITS_OWN = {"up"}


def loaded() -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in FILES]


def expressions() -> list[str]:
    return [target["expr"] for page in loaded() for panel in page["panels"] for target in panel["targets"]]


def names(expression: str) -> set[str]:
    """Name the metrics of an expression: words that are no label, no function and no keyword."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\bby \([^)]*\)", "", expression)
    return set(re.findall(r"\b[a-z][a-z_]+\b(?! ?\()", bare)) - {"by", "sum", "max"}


def test_they_are_made_from_the_code() -> None:
    """What is in the folder is what the code says, or this says how to make it again."""
    there = {file.name: file.read_text(encoding="utf-8") for file in FILES}
    assert there == written(), "python -m deploy.dashboards"


def test_each_shows_what_is_measured() -> None:
    """A metric that was renamed would leave a chart empty for ever."""
    measured = {metric.name for metric in REGISTRY.collect()} | ITS_OWN
    for expression in expressions():
        found = names(expression)
        assert found, expression
        assert {SUFFIX.sub("", name) for name in found} <= measured, expression


def test_everything_that_is_measured_is_shown() -> None:
    """Nobody measures what nobody sees."""
    shown = " ".join(expressions())
    assert [m.name for m in metrics.described() if not re.search(rf"\b{m.name}(_bucket)?\b", shown)] == []


def test_grafana_takes_them() -> None:
    """Each has a name of its own, each panel its place on the page, and all read the one source that there is."""
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == SOURCE
    pages = loaded()
    assert len({page["uid"] for page in pages}) == len({page["title"] for page in pages}) == len(pages)
    for page in pages:
        taken: set[tuple[int, int]] = set()
        for panel in page["panels"]:
            place = panel["gridPos"]
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            assert max(x for x, _ in cells) < 24, panel["title"]
            assert not cells & taken, panel["title"]
            taken |= cells
            assert panel["description"], panel["title"]
            assert panel["datasource"] == SOURCE, panel["title"]
        ids = [panel["id"] for panel in page["panels"]]
        assert len(set(ids)) == len(ids)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool (Debian: prometheus)")
def test_prometheus_understands_each_expression(tmp_path: Path) -> None:
    """Its own tool reads them, as rules of what to record."""
    rules = [
        {"record": f"chart:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(expressions())
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "charts", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", "rules.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
