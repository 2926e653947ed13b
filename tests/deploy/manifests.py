"""The Kubernetes manifests as they lie there, and as kustomize renders them."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = ["overlays/cpu", "overlays/gpu", "kserve"]
"""What is meant to be applied."""

Manifest = dict[str, Any]


def load(path: Path) -> list[Manifest]:
    """The documents of a file."""
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one is not None]


def written() -> dict[str, Manifest]:
    """Return the complete resources by file; no patches, nothing that only kustomize or Helm reads."""
    found = {
        str(path.relative_to(FOLDER)): document
        for path in sorted(FOLDER.rglob("*.yaml"))
        for document in load(path)
        if "kustomize.config" not in document.get("apiVersion", "kustomize.config")
    }
    del found["overlays/gpu/gpu.yaml"]
    return found


def kustomize(folder: Path) -> list[Manifest]:
    """Return what kustomize renders from a folder; skip the test if it is not installed."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return [one for one in yaml.safe_load_all(done.stdout) if one is not None]
    pytest.skip("neither kustomize nor kubectl is installed")


@cache
def _rendered(name: str) -> list[Manifest]:
    return kustomize(FOLDER / name)


def rendered(name: str) -> dict[str, Manifest]:
    """Return the rendered manifests by kind."""
    found = {one["kind"]: one for one in _rendered(name)}
    assert len(found) == len(_rendered(name))
    return found


def pod(manifests: dict[str, Manifest]) -> Manifest:
    """The specification of the pods that run Pleura."""
    if "InferenceService" in manifests:
        predictor: Manifest = manifests["InferenceService"]["spec"]["predictor"]
        return predictor
    template: Manifest = manifests["Deployment"]["spec"]["template"]["spec"]
    return template


def container(manifests: dict[str, Manifest]) -> Manifest:
    """Return Pleura's container."""
    (found,) = pod(manifests)["containers"]
    return dict(found)


def environment(manifests: dict[str, Manifest]) -> dict[str, str]:
    """Return the container's environment."""
    return {one["name"]: one["value"] for one in container(manifests)["env"]}


def bytes_of(quantity: str) -> int:
    """Return a quantity of memory of Kubernetes in bytes."""
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "M": 10**6, "G": 10**9}
    digits = quantity.rstrip("KMGi")
    return int(digits) * units[quantity[len(digits) :]]
