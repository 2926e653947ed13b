"""Docker and Compose, as they are called by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from tests.app.waiting import wait_until

ROOT = Path(__file__).parents[2]

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp")
"""How the image is meant to be run."""


def call(*words: str, environment: dict[str, str] | None = None) -> str:
    """Return a command's standard output; if it fails, its output is the assertion's message."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def docker(*words: str) -> str:
    return call("docker", *words)


def missing() -> str | None:
    """Return why no container can be run here; None if one can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    if subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode != 0:
        return "no Docker engine answers here"
    return None


def has_image(name: str) -> bool:
    return (
        subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode == 0
    )


def composers() -> list[tuple[str, ...]]:
    """Return the commands that run docker-compose.yml here: Compose v2, docker-compose 1.29, both or none."""
    known = [("docker", "compose"), ("docker-compose",)]
    return [
        words
        for words in known
        if shutil.which(words[0])
        and subprocess.run([*words, "version"], capture_output=True, check=False).returncode == 0
    ]


class Container:
    """A container that serves on a free port of this machine."""

    def __init__(self, image: str, *flags: str) -> None:
        self.name = docker("run", "--detach", "--publish", "127.0.0.1::8000", *flags, image)
        self.url = f"http://{docker('port', self.name, '8000').splitlines()[0]}"
        wait_until(self.is_ready, within_s=60)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            assert self.is_running, self.log
            return False

    @property
    def is_running(self) -> bool:
        return docker("inspect", "--format", "{{.State.Running}}", self.name) == "true"

    @property
    def log(self) -> str:
        done = subprocess.run(
            ["docker", "logs", self.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def execute(self, *words: str) -> str:
        return docker("exec", self.name, *words)

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name)


@dataclass
class Project:
    """What Compose has started, under a separate name and on free ports."""

    compose: Sequence[str]
    name: str = field(default_factory=lambda: f"pleura-test-{uuid4().hex[:8]}")
    # 0 takes a free one.
    environment: dict[str, str] = field(
        default_factory=lambda: {
            f"{service}PORT": "0"
            for service in ("", "GPU_", "PROXY_", "PROMETHEUS_", "GRAFANA_", "ORTHANC_", "DICOM_")
        }
    )

    def __call__(self, *words: str) -> str:
        return call(*self.compose, "--project-name", self.name, *words, environment=self.environment)

    def url(self, service: str, port: int) -> str:
        """The address on this machine of a service's port."""
        return f"http://{self('port', service, str(port)).splitlines()[-1]}"

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers."""
        return self("ps", "--quiet", service).split()

    def end(self) -> None:
        self(
            "--profile",
            "scale",
            "--profile",
            "observe",
            "--profile",
            "pacs",
            "down",
            "--volumes",
            "--timeout",
            "5",
        )
