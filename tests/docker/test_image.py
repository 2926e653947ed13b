"""What is in the image, and what is not."""

import json
import tomllib
from typing import Any

import pytest

from tests.docker.engine import ROOT, docker

MOST_BYTES = 900_000_000

ABSENT = """
import importlib.util
names = ["torch", "torchvision", "monai", "nvidia", "triton", "nncf", "onnx", "tensorboard", "matplotlib",
         "pytest", "mypy", "ray", "hypothesis", "pip", "setuptools", "training", "tests"]
print(*(name for name in names if importlib.util.find_spec(name)))
"""


@pytest.fixture(scope="session")
def configuration(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]
    return found


def run(image: str, *words: str) -> str:
    return docker("run", "--rm", "--entrypoint", words[0], image, *words[1:])


def test_image_is_small(cpu_image: str, configuration: dict[str, Any]) -> None:
    assert configuration["Size"] <= MOST_BYTES


def test_image_has_no_training_packages(cpu_image: str) -> None:
    assert run(cpu_image, "python", "-c", ABSENT) == ""


def test_image_has_no_telemetry(image: str) -> None:
    absent = "import importlib.util; print(importlib.util.find_spec('openvino_telemetry'))"
    assert run(image, "python", "-c", absent) == "None"
    assert run(image, "printenv", "RAY_USAGE_STATS_ENABLED") == "0"


def test_image_has_no_compiler_and_no_cache(image: str) -> None:
    assert run(image, "sh", "-c", "command -v gcc cc g++ c++ clang ld make cargo || true") == ""
    assert run(image, "sh", "-c", "find / -xdev -type d -path '*/.cache/*' 2>/dev/null || true") == ""
    assert (
        run(image, "sh", "-c", "find /tmp /srv/pleura/data /srv/pleura/.git -mindepth 1 2>/dev/null || true")
        == ""
    )


def test_user_is_numeric_and_not_root(image: str, configuration: dict[str, Any]) -> None:
    user, group = configuration["Config"]["User"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert run(image, "id", "-u") == user
    # Nor can it change what it runs.
    assert run(image, "sh", "-c", "find /opt/pleura /srv/pleura -writable ! -type l") == ""


def test_entry_point_signal_and_health_check(configuration: dict[str, Any]) -> None:
    """No shell stands between the engine and the service, or signals would end there."""
    config = configuration["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["pleura"], ["serve"])
    assert config["Healthcheck"]["Test"] == ["CMD", "pleura", "health"]
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["ExposedPorts"]) == ["8000/tcp"]


def test_image_has_its_labels(image: str, configuration: dict[str, Any]) -> None:
    labels = configuration["Config"]["Labels"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert labels["org.opencontainers.image.version"] == version
    assert len(labels["org.opencontainers.image.revision"]) == 40
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0 AND CC-BY-4.0"
    assert (
        run(image, "python", "-c", "from importlib.metadata import version; print(version('pleura'))")
        == version
    )


def test_image_contains_the_licences(image: str) -> None:
    assert "Apache License" in run(image, "cat", "/srv/pleura/LICENSE")
    assert "The weights are CC BY 4.0" in run(image, "cat", "/srv/pleura/model/weights/MODEL_CARD.md")


def test_image_names_no_package_index(image: str) -> None:
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "index-url" not in history
    assert "find-links" not in history
