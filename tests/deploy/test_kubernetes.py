"""The manifests: against Kubernetes' own schemas, and what must hold between them, the image and the settings."""

import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from engine.config import SECTIONS, variable
from tests.cli.command_tree import commands, parse
from tests.cli.running import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the library says of itself at import is not about us
    import kubernetes_validate

FOLDER: Final = ROOT / "ops/deploy/kubernetes"
BASE, MIGRATE, EXAMPLE = FOLDER / "base", FOLDER / "migrate", FOLDER / "example"
BLOCKS: Final = re.findall(r"```sh\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
LINES: Final = [line for block in BLOCKS for line in block.splitlines()]
SETTINGS: Final = {variable(section, field) for section in SECTIONS.values() for field in section.model_fields}
OLDEST: Final = "1.29"
"""Of Kubernetes, that they are checked against."""


def kustomization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "kustomization.yaml").read_text())
    return found


def objects() -> Iterator[dict[str, Any]]:
    for path in [*BASE.glob("*.yaml"), *MIGRATE.glob("*.yaml"), EXAMPLE / "people.yaml"]:
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text())


def settings(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


OBJECTS: Final = {f"{each['kind']}/{each['metadata']['name']}": each for each in objects()}
GIVEN: Final = settings((BASE / "settings.env").read_text())
SHOPS: Final = settings("\n".join(kustomization(EXAMPLE)["configMapGenerator"][0]["literals"]))
NATIVE: Final = [name for name, each in OBJECTS.items() if ".coreos.com" not in each["apiVersion"]]
WORKLOADS: Final = {
    name: each["spec"]["template"] for name, each in OBJECTS.items() if "template" in each.get("spec", {})
}


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [*template["spec"]["containers"], *template["spec"].get("initContainers", [])]
    return found


@pytest.mark.parametrize("name", NATIVE)
def test_it_fits_the_schema(name: str) -> None:
    kubernetes_validate.validate(OBJECTS[name], OLDEST, strict=True)


def test_every_file_is_part_of_it() -> None:
    for folder in (BASE, MIGRATE):
        made = kustomization(folder)
        maps = [name for each in made.get("configMapGenerator", []) for name in each["envs"]]
        assert {*made["resources"], *maps, "kustomization.yaml"} == {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_runs_as_the_image_is_made(name: str) -> None:
    template = WORKLOADS[name]
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True
    assert template["spec"]["securityContext"]["runAsUser"] == 10001
    assert template["spec"]["automountServiceAccountToken"] is False
    for container in containers(template):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_what_it_starts_is_a_command_of_ours(name: str) -> None:
    for container in containers(WORKLOADS[name]):
        line = " ".join(["callctl", *container["args"]])
        assert any(line == path or line.startswith(f"{path} ") for path in commands())


def test_a_pod_is_given_the_time_of_its_drain() -> None:
    serve = WORKLOADS["Deployment/callctl-serve"]["spec"]
    [container] = serve["containers"]
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(GIVEN["CALL_DRAIN_SECONDS"])
    assert serve["terminationGracePeriodSeconds"] >= waits + drain + 20


def test_probes_ask_what_is_answered() -> None:
    [container] = WORKLOADS["Deployment/callctl-serve"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {probe["path"] for probe in asked.values()} == {"/readyz", "/healthz"}
    assert {probe["port"] for probe in asked.values()} <= ports


def test_the_settings_exist() -> None:
    assert {*GIVEN, *SHOPS} <= SETTINGS


def test_what_the_image_has_not_is_asked_for_elsewhere() -> None:
    """No model for vectors is in it: Containerfile, EXTRAS."""
    assert 'ARG EXTRAS=""' in (ROOT / "Containerfile").read_text()
    assert GIVEN["EMBEDDINGS_PROVIDER"] == "google"


def test_other_settings_make_other_pods() -> None:
    """By the hash that a generated name has; a ConfigMap of a fixed name would be read at the next restart."""
    assert kustomization(BASE)["configMapGenerator"] == [{"name": "callctl", "envs": ["settings.env"]}]
    assert [name for name in OBJECTS if name.startswith("ConfigMap/")] == []


def test_a_migration_needs_nothing_that_is_applied_after_it() -> None:
    assert "Job/callctl-migrate" in OBJECTS
    template = WORKLOADS["Job/callctl-migrate"]
    assert "serviceAccountName" not in template["spec"]
    assert all(each["envFrom"] == [{"secretRef": {"name": "callctl"}}] for each in containers(template))


def test_the_image_is_said_once_for_both() -> None:
    assert kustomization(EXAMPLE)["components"] == ["version"]
    assert kustomization(EXAMPLE / "migrate")["components"] == ["../version"]
    [image] = kustomization(EXAMPLE / "version")["images"]
    assert {each["image"] for template in WORKLOADS.values() for each in containers(template)} == {image["name"]}


def test_people_are_let_in_by_the_address_they_are_told() -> None:
    [rule] = OBJECTS["Ingress/callctl"]["spec"]["rules"]
    assert SHOPS["HTTP_PUBLIC_URL"] == f"https://{rule['host']}"
    assert SHOPS["HTTP_TRUSTED_PROXIES"]
    assert {path["path"] for path in rule["http"]["paths"]} == {"/console", "/api"}, "nothing of the dialplan's"
    [allowed] = OBJECTS["NetworkPolicy/callctl-people"]["spec"]["ingress"]
    assert [port["port"] for port in allowed["ports"]] == ["http"]


@pytest.mark.parametrize("line", [line for line in LINES if " callctl " in line and " -- callctl " in line])
def test_the_readme_runs_commands_of_ours(line: str) -> None:
    parse(line[line.index(" -- callctl ") + 4 :])


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
@pytest.mark.parametrize("folder", [EXAMPLE, EXAMPLE / "migrate"])
def test_kustomize_makes_one_whole_of_it(folder: Path) -> None:
    made = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True).stdout
    every = list(yaml.safe_load_all(made))
    assert {each["metadata"]["namespace"] for each in every} == {"callctl"}
    names = {each["metadata"]["name"] for each in every if each["kind"] == "ConfigMap"}
    templates = [each["spec"]["template"] for each in every if "template" in each.get("spec", {})]
    found = [container for template in templates for container in containers(template)]
    assert {each["image"] for each in found} == {"registry.example/callctl:0.1.0"}
    read = {source["configMapRef"]["name"] for each in found for source in each["envFrom"] if "configMapRef" in source}
    assert read == names
    assert all(re.fullmatch(r"callctl-\w{10}", name) for name in names)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_the_secrets_can_be_made_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("DATABASE_URL=x\n")
    (tmp_path / "google.json").write_text("{}")
    lines = [line for line in LINES if " create secret " in line]
    assert len(lines) == 2
    for line in lines:
        subprocess.run([*line.split(), "--dry-run=client", "--output=name"], cwd=tmp_path, check=True)


def test_services_and_policies_select_pods_that_exist() -> None:
    labels = {template["metadata"]["labels"]["app.kubernetes.io/component"] for template in WORKLOADS.values()}
    for name, each in OBJECTS.items():
        if each["kind"] == "Service":
            assert each["spec"]["selector"]["app.kubernetes.io/component"] in labels, name
    monitors = [each for each in OBJECTS.values() if each["kind"] == "ServiceMonitor"]
    services = [each for each in OBJECTS.values() if each["kind"] == "Service"]
    for monitor in monitors:
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        assert any(wanted <= service["metadata"].get("labels", {}).items() for service in services)


def test_it_scales_by_calls_and_never_leaves_the_line_empty() -> None:
    scaling = OBJECTS["HorizontalPodAutoscaler/callctl-serve"]["spec"]
    assert scaling["minReplicas"] >= 2
    [metric] = scaling["metrics"]
    assert metric["pods"]["metric"]["name"] == "callctl_calls_active"
    most = int(GIVEN["CALL_MAX_CALLS"])
    assert int(metric["pods"]["target"]["averageValue"]) < most
    assert OBJECTS["PodDisruptionBudget/callctl-serve"]["spec"]["maxUnavailable"] == 1
