"""What docs/how-to/kubernetes.md says of the manifests is so."""

import re
from pathlib import Path
from typing import Any

import yaml

from app.settings import Settings
from tests.deploy.manifests import FOLDER, ROOT, Manifest, container, kustomize, pod, rendered

TEXT = (ROOT / "docs/how-to/kubernetes.md").read_text("utf-8")


def figure(name: str) -> str:
    """Return the second column of the row that begins with this."""
    found = re.search(rf"^\| {re.escape(name)} \| (.+?) \|", TEXT, re.MULTILINE)
    assert found is not None, name
    return found[1]


def seconds(probe: Manifest) -> int:
    return int(probe["periodSeconds"]) * int(probe["failureThreshold"])


def test_figures_of_the_document_are_those_of_the_manifests() -> None:
    manifests = rendered("overlays/cpu")
    one, specification = container(manifests), pod(manifests)
    autoscaler = manifests["HorizontalPodAutoscaler"]["spec"]
    true: dict[str, Any] = {
        "processors, requested and allowed": one["resources"]["limits"]["cpu"],
        "memory, requested and allowed": one["resources"]["limits"]["memory"],
        "`PLEURA_MAX_PIXELS`": {each["name"]: each["value"] for each in one["env"]}["PLEURA_MAX_PIXELS"],
        "`sizeLimit` of `/tmp`": specification["volumes"][0]["emptyDir"]["sizeLimit"],
        "`terminationGracePeriodSeconds`": specification["terminationGracePeriodSeconds"],
        "`preStop`": one["lifecycle"]["preStop"]["sleep"]["seconds"],
        "`startupProbe`": seconds(one["startupProbe"]),
        "`readinessProbe`": seconds(one["readinessProbe"]),
        "`livenessProbe`": seconds(one["livenessProbe"]),
        "`averageUtilization`": autoscaler["metrics"][0]["resource"]["target"]["averageUtilization"],
        "replicas": f"{autoscaler['minReplicas']} to {autoscaler['maxReplicas']}",
        "`maxUnavailable` of the PodDisruptionBudget": manifests["PodDisruptionBudget"]["spec"][
            "maxUnavailable"
        ],
    }
    for name, value in true.items():
        assert figure(name) == str(value), name
    gpu = container(rendered("overlays/gpu"))["resources"]["limits"]
    assert f"With a GPU: {gpu['cpu']} processors and {gpu['memory']}" in TEXT


def test_settings_in_brackets_are_those_of_the_manifests() -> None:
    given = {one["name"]: one["value"] for one in container(rendered("overlays/cpu"))["env"]}
    for name, value in re.findall(r"`(PLEURA_\w+)` \((\d+)\)", TEXT):
        default = str(Settings.model_fields[name.removeprefix("PLEURA_").lower()].default)
        assert given.get(name, default) == value, name


def test_named_paths_exist() -> None:
    named = re.findall(r"deploy/(?:kubernetes|observability)/[\w/.-]*[\w]", TEXT)
    named += [
        f"deploy/kubernetes/{name}" for name in re.findall(r"`((?:overlays|components)/[\w-]+|kserve)`", TEXT)
    ]
    assert len(named) > 8
    for name in named:
        assert (ROOT / name).exists(), name


def test_secret_of_the_document_is_that_of_the_manifests() -> None:
    path = {one["name"]: one["value"] for one in container(rendered("overlays/cpu"))["env"]}[
        "PLEURA_API_KEY_FILE"
    ]
    assert f"create secret generic pleura-keys --from-literal={Path(path).name}=" in TEXT


def test_shown_overlay_is_valid(tmp_path: Path) -> None:
    overlay, patch = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/kubernetes").symlink_to(FOLDER)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/kustomization.yaml").write_text(
        yaml.safe_dump(yaml.safe_load(overlay) | yaml.safe_load(patch))
    )
    manifests = {one["kind"]: one for one in kustomize(tmp_path / "mine")}
    assert "ServiceMonitor" in manifests
    assert container(manifests)["image"] == "registry.example/pleura:cpu-1"
    assert {"name": "PLEURA_DEADLINE_S", "value": "10"} in container(manifests)["env"]


def test_label_of_the_document_is_that_of_the_policy() -> None:
    assert "kubectl label namespace ingress-nginx pleura-access=true" in TEXT
    sources = rendered("overlays/cpu")["NetworkPolicy"]["spec"]["ingress"][0]["from"]
    assert {"namespaceSelector": {"matchLabels": {"pleura-access": "true"}}} in sources
