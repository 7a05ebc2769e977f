"""Alerts: on what is measured, each with what to do about it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from shared import metrics  # noqa: F401 - registers them

FOLDER = Path(__file__).parent.parent / "deploy" / "prometheus"
RULES = FOLDER / "alerts.yml"
SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


def test_alerts_are_on_what_is_measured() -> None:
    """A metric that was renamed would leave an alert that never fires."""
    measured = {metric.name for metric in REGISTRY.collect()}
    named = {SUFFIX.sub("", name) for name in re.findall(r"\bkindling_[a-z_]+", RULES.read_text())}
    assert named
    assert named <= measured


def test_each_alert_says_what_to_do() -> None:
    """Whoever is woken at night finds one line to begin with."""
    alerts = RULES.read_text().split("- alert: ")[1:]
    assert [alert.split()[0] for alert in alerts if not re.search(r"runbook: \S", alert)] == []
    assert [alert.split()[0] for alert in alerts if not re.search(r"severity: (page|ticket)\b", alert)] == []


def test_each_alert_is_in_the_guide() -> None:
    """The line of an alert is a beginning; the operator's guide says what it is and what to do."""
    guide = (FOLDER.parent.parent / "docs" / "operate.md").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"- alert: (\w+)", RULES.read_text()) if f"`{name}`" not in guide] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool (Debian: prometheus)")
def test_alerts_fire_when_they_should() -> None:
    """Prometheus's own tool takes the configuration, and sees each alert fire, and not earlier."""
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
