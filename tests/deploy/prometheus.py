"""The Prometheus of the distribution, with the deployment's configuration and rules."""

import re
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.embedded import free_port
from tests.deploy.stack import ROOT, wait_for

FOLDER = ROOT / "deploy" / "prometheus"
_BY_NAME = re.compile(r"dns_sd_configs: \[\{names: \[(\w+)\], type: A, port: (\d+), [^]]*\}\]")


class Prometheus:
    """Runs as long as the block lasts; `addresses` are the services', whose names only containers know."""

    def __init__(self, folder: Path, addresses: dict[str, str]) -> None:
        shutil.copy(FOLDER / "alerts.yml", folder / "alerts.yml")
        config = (FOLDER / "prometheus.yml").read_text().replace(": 15s", ": 1s")
        named = _BY_NAME.sub(lambda m: f'static_configs: [{{targets: ["{addresses[m[1]]}:{m[2]}"]}}]', config)
        (folder / "prometheus.yml").write_text(named)
        self._folder, self._port = folder, free_port()

    def __enter__(self) -> Self:
        listen = f"--web.listen-address=127.0.0.1:{self._port}"
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", listen]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=subprocess.STDOUT)
        wait_for(self._ready, "Prometheus is ready", 30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def value(self, query: str) -> float:
        """Give what a query finds, of one series; zero where there is none yet."""
        found = self._get("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def faulty_rules(self) -> list[str]:
        """Name the rules that were not evaluated, or with an error."""
        rules = [rule for group in self._get("rules")["groups"] for rule in group["rules"]]
        assert rules
        return [rule["name"] for rule in rules if rule["health"] == "err"]

    def _get(self, what: str, **parameters: str) -> Any:
        return httpx.get(f"http://127.0.0.1:{self._port}/api/v1/{what}", params=parameters).json()["data"]

    def _ready(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/-/ready").status_code == 200
        except httpx.TransportError:
            return False
