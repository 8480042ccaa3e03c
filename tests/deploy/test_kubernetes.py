"""The manifests: against Kubernetes' own schemas, and what must hold between them, the image and the settings."""

import warnings
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from engine.config import SECTIONS, variable
from tests.cli.command_tree import commands
from tests.cli.running import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the library says of itself at import is not about us
    import kubernetes_validate

BASE: Final = ROOT / "ops/deploy/kubernetes/base"
EXAMPLE: Final = ROOT / "ops/deploy/kubernetes/example/kustomization.yaml"
SETTINGS: Final = {variable(section, field) for section in SECTIONS.values() for field in section.model_fields}
OLDEST: Final = "1.29"
"""Of Kubernetes, that they are checked against."""


def objects() -> Iterator[dict[str, Any]]:
    for name in yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]:
        yield from yaml.safe_load_all((BASE / name).read_text())


OBJECTS: Final = {f"{each['kind']}/{each['metadata']['name']}": each for each in objects()}
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
    listed = {*yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"], "kustomization.yaml"}
    assert listed == {path.name for path in BASE.iterdir()}


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
    drain = int(OBJECTS["ConfigMap/callctl"]["data"]["CALL_DRAIN_SECONDS"])
    assert serve["terminationGracePeriodSeconds"] >= waits + drain + 20


def test_probes_ask_what_is_answered() -> None:
    [container] = WORKLOADS["Deployment/callctl-serve"]["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert {probe["path"] for probe in asked.values()} == {"/readyz", "/healthz"}
    assert {probe["port"] for probe in asked.values()} <= ports


def test_the_settings_exist() -> None:
    assert {*OBJECTS["ConfigMap/callctl"]["data"]} <= SETTINGS
    example = yaml.safe_load(EXAMPLE.read_text())
    literals = {each.partition("=")[0] for made in example["configMapGenerator"] for each in made["literals"]}
    assert literals <= SETTINGS


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
    most = int(OBJECTS["ConfigMap/callctl"]["data"]["CALL_MAX_CALLS"])
    assert int(metric["pods"]["target"]["averageValue"]) < most
    assert OBJECTS["PodDisruptionBudget/callctl-serve"]["spec"]["maxUnavailable"] == 1
