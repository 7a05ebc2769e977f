"""Write Grafana's dashboards, deploy/grafana/dashboards/*.json, from dashboards.toml: `python -m deploy.dashboards`."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "grafana"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS, WIDTH, HEIGHT = 24, 8, 8
A_ROW = COLUMNS // WIDTH


def written() -> dict[str, str]:
    """Give the content of each dashboard's file, by its name; a test says if they are old."""
    told = tomllib.loads((FOLDER / "dashboards.toml").read_text(encoding="utf-8"))["dashboard"]
    return {f"{one['name']}.json": json.dumps(_page(one), indent=2) + "\n" for one in told}


def _page(told: dict[str, Any]) -> dict[str, Any]:
    others = {"asDropdown": False, "icon": "dashboard", "includeVars": False, "keepTime": True, "tags": ["kindling"]}
    return {
        "uid": f"kindling-{told['name']}",
        "title": told["title"],
        "tags": ["kindling"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": told["since"], "to": "now"},
        "links": [{"type": "dashboards", "title": "Kindling", **others}],
        "panels": list(_panels(told["chart"])),
    }


def _panels(charts: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, chart in enumerate(charts):
        row, column = divmod(number, A_ROW)
        yield {
            "id": number + 1,
            "type": chart.get("kind", "timeseries"),
            "title": chart["title"],
            "description": chart["meaning"],
            "datasource": SOURCE,
            "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
            "fieldConfig": {"defaults": {"unit": chart["unit"], "min": 0}, "overrides": []},
            "targets": [
                {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
                for place, (legend, expression) in enumerate(chart["lines"])
            ],
        }


if __name__ == "__main__":
    for name, content in written().items():
        (FOLDER / "dashboards" / name).write_text(content, encoding="utf-8")
