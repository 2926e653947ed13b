"""Every manifest is what Kubernetes, KServe and the Prometheus operator take."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from tests.deploy.custom_resources import COMPONENT_EXTENSION, INFERENCE_SERVICE, SERVICE_MONITOR
from tests.deploy.manifests import FOLDER, OVERLAYS, Manifest, kustomize, rendered, written

VERSIONS = ["1.30", kubernetes_validate.latest_version()]
"""The oldest version that has everything used here, and the latest known one."""


def check(manifest: Manifest, *, version: str) -> None:
    """Raise an error if a manifest is not valid or has unknown fields."""
    if manifest["kind"] == "ServiceMonitor":
        jsonschema.validate(manifest, SERVICE_MONITOR)
    elif manifest["kind"] == "InferenceService":
        jsonschema.validate(manifest, INFERENCE_SERVICE)
        pod = {
            name: value
            for name, value in manifest["spec"]["predictor"].items()
            if name not in COMPONENT_EXTENSION
        }
        check({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": pod}, version=version)
    else:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", written())
def test_manifest_is_valid(name: str, version: str) -> None:
    check(written()[name], version=version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_rendered_manifests_are_valid(name: str, version: str) -> None:
    for manifest in rendered(name).values():
        check(manifest, version=version)


def test_every_manifest_is_rendered() -> None:
    kinds = {
        "Deployment",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    }
    assert set(rendered("overlays/cpu")) == set(rendered("overlays/gpu")) == kinds
    assert set(rendered("kserve")) == {"InferenceService"}


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_overlay_with_components_is_valid(tmp_path: Path, overlay: str) -> None:
    """An overlay beside these, as docs/how-to/kubernetes.md describes it."""
    (tmp_path / "kubernetes").symlink_to(FOLDER)
    own = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "radiology",
        "resources": [f"../kubernetes/overlays/{overlay}"],
        "components": ["../kubernetes/components/service-monitor", "../kubernetes/components/queue-depth"],
        "images": [{"name": "pleura", "newName": "registry.example/pleura", "newTag": "7"}],
    }
    (tmp_path / "own").mkdir()
    (tmp_path / "own/kustomization.yaml").write_text(yaml.safe_dump(own))
    manifests = {one["kind"]: one for one in kustomize(tmp_path / "own")}
    for manifest in manifests.values():
        check(manifest, version=VERSIONS[0])
        assert manifest["metadata"]["namespace"] == "radiology"
    assert "ServiceMonitor" in manifests
    (cpu, queue) = manifests["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert cpu["resource"]["name"] == "cpu"
    assert queue["pods"]["metric"]["name"] == "pleura_queue_depth"
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/pleura:7"


BROKEN: list[tuple[str, list[str | int], Any]] = [
    ("base/deployment.yaml", ["spec", "template", "spec", "containers", 0, "livenessprobe"], {}),
    ("base/deployment.yaml", ["spec", "template", "spec", "terminationGracePeriodSeconds"], "35 s"),
    ("base/autoscaler.yaml", ["spec", "minReplica"], 2),
    ("base/network-policy.yaml", ["spec", "ingres"], []),
    ("kserve/inference-service.yaml", ["spec", "predictor", "scaleMetric"], "queue"),
    ("kserve/inference-service.yaml", ["spec", "predictor", "minReplica"], 2),
    ("kserve/inference-service.yaml", ["spec", "predictor", "containers", 0, "name"], "pleura"),
    ("kserve/inference-service.yaml", ["spec", "predictor", "containers", 0, "readyProbe"], {}),
    ("components/service-monitor/service-monitor.yaml", ["spec", "endpoints", 0, "interval"], "15"),
]


@pytest.mark.parametrize(("name", "place", "value"), BROKEN)
def test_invalid_manifest_is_found(name: str, place: list[str | int], value: Any) -> None:
    manifest: Any = deepcopy(written()[name])
    part = manifest
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        check(manifest, version=VERSIONS[0])
