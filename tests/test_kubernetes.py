"""The manifests for Kubernetes: they fit each other and the code; `make check` holds them against its schemas."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kindling.settings import described, load
from services.ingest.handlers import Ingest
from services.nudge.handlers import Nudge
from services.recommend.handlers import Recommend
from shared.service import ServiceName
from shared.topics import topic_name

FOLDER = Path(__file__).parent.parent / "deploy" / "kubernetes"
READS = {"ingest": Ingest.reads, "recommend": Recommend.reads, "nudge": Nudge.reads}


def manifests(folder: str) -> list[dict[str, Any]]:
    files = [file for file in sorted((FOLDER / folder).glob("*.yaml")) if file.name != "kustomization.yaml"]
    return [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def of_kind(kind: str, folder: str = "base") -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in manifests(folder) if one["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    return {name: one["spec"]["template"] for kind in ("Deployment", "Job") for name, one in of_kind(kind).items()}


def told(pod: dict[str, Any]) -> dict[str, str]:
    """Give what a pod's environment says."""
    (container,) = pod["spec"]["containers"]
    config = [of_kind("ConfigMap")[one["configMapRef"]["name"]]["data"] for one in container["envFrom"]]
    return {**config[0], **{one["name"]: one["value"] for one in container["env"]}}


def secrets(pod: dict[str, Any]) -> set[str]:
    """Name the files of a pod's secrets."""
    (volume,) = [one for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
    return {item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]}


@pytest.mark.parametrize("name", [*ServiceName, "topics", "kindling"])
def test_what_a_pod_is_told_is_what_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Each name is a setting's, and all of them together are taken, with the secrets where they are mounted."""
    pod = pods()[name]
    said, files = told(pod), secrets(pod)
    known = {setting for setting, _, _ in described()} | {"KINDLING_SECRETS"}
    assert set(said) | {file for file in files if file.startswith("KINDLING_")} <= known
    (mounted,) = [one["mountPath"] for one in pod["spec"]["containers"][0]["volumeMounts"] if one["name"] == "secrets"]
    assert said["KINDLING_SECRETS"] == mounted
    assert said["KINDLING_KAFKA__CA_FILE"].removeprefix(f"{mounted}/") in files
    monkeypatch.chdir(tmp_path)
    for variable, value in said.items():
        monkeypatch.setenv(variable, value)
    for file in files:
        (tmp_path / file).write_text("a secret of thirty-two characters or more")
    monkeypatch.setenv("KINDLING_SECRETS", str(tmp_path))
    settings = load()
    assert settings.kafka.user == (name if name in [*ServiceName] else "kindling")
    assert settings.service_key is not None
    assert bool(settings.nudge.link_secret.get_secret_value()) is (name in ("nudge", "kindling"))


@pytest.mark.parametrize("name", [*ServiceName, "topics", "kindling"])
def test_no_pod_has_rights(name: str) -> None:
    """Nobody's user, a root that cannot be written to, no token, a limit to its memory, no names of services."""
    spec = pods()[name]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert container["resources"]["limits"]["memory"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_an_operator_has_a_pod_with_the_login_of_the_command_line() -> None:
    """Nothing leads to it from outside, it runs no service, and the guide's commands are typed there."""
    (container,) = pods()["kindling"]["spec"]["containers"]
    assert told(pods()["kindling"])["KINDLING_KAFKA__USER"] == "kindling"
    assert "ports" not in container
    assert not {"kindling", "run"} & set(container["command"])
    guide = (FOLDER.parent.parent / "docs" / "operate.md").read_text(encoding="utf-8")
    typed = re.findall(r"exec (?:-i )?(deploy/\w+) -- (?:kindling|sh)", guide)
    assert typed
    assert set(typed) == {"deploy/kindling"}


def test_who_waits_for_commands_ends_when_asked() -> None:
    """As process 1 a plain `sleep` hears no SIGTERM: each upgrade would wait until it is killed."""
    command = pods()["kindling"]["spec"]["containers"][0]["command"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as waiting:
        try:
            # Its `sleep` is its child, so by then the trap is set.
            children = Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children")
            while not children.read_text():
                assert waiting.poll() is None
            waiting.terminate()
            assert waiting.wait(10) == 0
        finally:
            os.killpg(waiting.pid, signal.SIGKILL)


@pytest.mark.parametrize("name", ServiceName)
def test_a_service_is_looked_at_where_it_listens(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its probes, its Service, its policies and its budget for disruptions all find it."""
    monkeypatch.chdir(tmp_path)
    deployment = of_kind("Deployment")[name]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == getattr(load(), f"{name}_port")
    assert container["livenessProbe"]["httpGet"] == {"path": "/health/live", "port": port["name"]}
    assert container["startupProbe"]["httpGet"] == {"path": "/health/live", "port": port["name"]}
    assert container["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": port["name"]}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        of_kind("Service")[name]["spec"]["selector"],
        of_kind("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"],
        of_kind("NetworkPolicy")[f"to-{name}"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    (open_port,) = of_kind("Service")[name]["spec"]["ports"]
    assert (open_port["port"], open_port["targetPort"]) == (port["containerPort"], port["name"])
    rules = of_kind("NetworkPolicy")[f"to-{name}"]["spec"]["ingress"]
    assert [one["port"] for rule in rules for one in rule["ports"]] == [port["containerPort"]]


@pytest.mark.parametrize("name", ServiceName)
def test_a_service_is_scaled_by_the_lag_of_its_own_group(name: str) -> None:
    """Group and topic are those that the service has; else it would be scaled by another one's, or never."""
    scaled = of_kind("ScaledObject", "autoscaling")[name]["spec"]
    settings = of_kind("ConfigMap")["kindling"]["data"]
    (trigger,) = [one["metadata"] for one in scaled["triggers"] if one["type"] == "kafka"]
    assert scaled["scaleTargetRef"] == {"name": name}
    assert trigger["consumerGroup"] == f"kindling.{name}"
    assert trigger["topic"] == topic_name("kindling", READS[name])
    assert f"kafka://{trigger['bootstrapServers']}" == settings["KINDLING_LOG"]


def test_the_world_sees_pages_and_activity_alone() -> None:
    """Metrics, health and the description of the doors need no key: nothing leads there from outside."""
    (ingress,) = of_kind("Ingress").values()
    rules = {rule["host"]: rule["http"]["paths"] for rule in ingress["spec"]["rules"]}
    assert set(rules) == set(ingress["spec"]["tls"][0]["hosts"])
    paths = [path for found in rules.values() for path in found]
    for path in ("/metrics", "/health/ready", "/docs", "/openapi.json", "/"):
        assert not [one for one in paths if path.startswith(one["path"])], path
    routes = "".join(file.read_text() for file in (FOLDER.parent.parent / "services" / "nudge").rglob("*.py"))
    pages = {f"/{first}" for first in re.findall(r'@\w+\.(?:get|post)\(\s*"/([\w-]+)/\{token\}', routes)}
    to_nudge = {one["path"] for one in paths if one["backend"]["service"]["name"] == "nudge"}
    assert pages
    assert pages | {"/v1/communities"} == to_nudge


def test_kustomize_puts_all_of_it_together() -> None:
    """With KEDA nobody fixes the number of replicas twice, and each image is named once."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl")
    command = ["kubectl", "kustomize", str(FOLDER)]
    built = list(yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    there = {(one["kind"], one["metadata"]["name"]) for one in built}
    assert there == {(one["kind"], one["metadata"]["name"]) for one in manifests("base") + manifests("autoscaling")}
    for one in built:
        if one["kind"] == "Deployment":
            assert ("replicas" in one["spec"]) is (one["metadata"]["name"] == "kindling")
            assert one["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":latest")
