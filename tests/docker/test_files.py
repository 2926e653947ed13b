"""Docker files, without an engine: they agree with the settings, each other and the documents."""

import re
import subprocess
import tomllib
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.server import KEEP_ALIVE_S
from app.settings import MEGABYTE, Settings
from pacs.selection import DEFAULTS
from pacs.settings import PacsSettings
from tests.docker.engine import ROOT, call

COMPOSE = (ROOT / "docker-compose.yml").read_text()
NGINX = (ROOT / "deploy/proxy/nginx.conf").read_text()
LOCKS = ["requirements.txt", "requirements-cpu.txt", "requirements-cuda.txt"]


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
    return found


def own() -> dict[str, dict[str, Any]]:
    """The services that run Pleura's image."""
    return {name: service for name, service in services().items() if service["image"].startswith("pleura:")}


def default(variable: str) -> str:
    """Return the default of a variable."""
    found = set(re.findall(rf"\$\{{{variable}:-([^}}]*)\}}", COMPOSE))
    assert len(found) == 1, (variable, found)
    return str(found.pop())


def directive(name: str) -> str:
    found = re.findall(rf"^\s*{name} (.+);$", NGINX, re.MULTILINE)
    assert len(found) == 1, (name, found)
    return str(found[0])


def locked(name: str) -> dict[str, str]:
    """Package and version, once for each package."""
    text = (ROOT / name).read_text()
    return {
        canonicalize_name(found[0]): found[1]
        for found in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("name", LOCKS)
def test_locks_carry_hashes_and_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    entries = re.split(r"^(?=[A-Za-z])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_lock_of_an_image_is_part_of_the_whole_lock() -> None:
    whole = set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / LOCKS[0]).read_text(), re.MULTILINE))
    for name in LOCKS[1:]:
        part = set(re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / name).read_text(), re.MULTILINE))
        assert part <= whole, name


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    served = [*project["dependencies"], *extras["otel"]]
    everything = served + [one for extra in extras.values() for one in extra]
    for name, wanted in [("requirements-cpu.txt", served), ("requirements.txt", everything)]:
        missing = (
            {canonicalize_name(Requirement(one).name) for one in wanted} - locked(name).keys() - {"pleura"}
        )
        assert not missing, name


def test_a_cpu_needs_neither_pytorch_nor_tests() -> None:
    assert not locked("requirements-cpu.txt").keys() & {
        "torch",
        "torchvision",
        "monai",
        "matplotlib",
        "pytest",
        "nncf",
    }
    assert not any(name.startswith(("nvidia", "cuda")) for name in locked("requirements-cpu.txt"))
    assert {"torch", "torchvision", "nvidia-cudnn-cu13"} <= locked("requirements-cuda.txt").keys()
    assert not locked("requirements-cuda.txt").keys() & {"pytest", "mypy", "hypothesis"}


def test_build_context_has_only_what_the_image_needs() -> None:
    first, *others = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert first == "*"
    assert {line.removeprefix("!") for line in others if line.startswith("!")} <= {
        "LICENSE", "README.md", "pyproject.toml", "requirements*.txt", "pleura_cli.py",
        "app", "bulk", "logs", "model", "pacs", "samples", "training",
    }  # fmt: skip


def test_each_mark_becomes_a_cache_mount() -> None:
    """The Dockerfile that deploy/image/build passes to BuildKit."""
    script = re.search(r"sed '(/\^# cache.*)' Dockerfile", (ROOT / "deploy/image/build").read_text())
    assert script is not None
    text = (ROOT / "Dockerfile").read_text()
    made = call("sed", script[1], "Dockerfile")
    marks = len(re.findall("^# cache: ", text, re.MULTILINE))
    assert marks > 0
    assert len(re.findall(r"^RUN --mount=type=cache,target=/root/\.cache/pip ", made, re.MULTILINE)) == marks
    assert "--mount" not in text
    assert not re.search("^# cache: ", made, re.MULTILINE)


def test_one_command_serves_on_port_8000() -> None:
    (name,) = [name for name, service in services().items() if "profiles" not in service]
    assert services()[name]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]
    assert {profile for service in services().values() for profile in service.get("profiles", [])} == {
        "gpu", "scale", "observe", "pacs"
    }  # fmt: skip


def test_compose_passes_every_setting() -> None:
    """Except those that the image sets."""
    known = {f"PLEURA_{name.upper()}" for name in Settings.model_fields}
    decided = {"PLEURA_HOST", "PLEURA_PORT", "PLEURA_API_KEY_FILE", "PLEURA_GRACE_PERIOD_S"}
    for name in ("pleura", "gpu", "replica"):
        assert services()[name]["environment"].keys() == known - decided, name
    of_watcher = {f"PLEURA_PACS_{name.upper()}" for name in (*PacsSettings.model_fields, *DEFAULTS)}
    assert services()["watcher"]["environment"].keys() <= known | of_watcher


def test_ports_are_bound_to_loopback_by_default() -> None:
    for name, service in services().items():
        assert all(port.startswith("${BIND:-127.0.0.1}:") for port in service.get("ports", [])), name


def test_every_service_is_hardened() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is (name != "grafana"), name


def test_uploads_fit_into_tmp() -> None:
    megabytes = float(default("PLEURA_MAX_UPLOAD_MB")) * int(default("PLEURA_MAX_UPLOADS"))
    size = int(default("TMP_SIZE").removesuffix("m")) * 1024 * 1024
    assert megabytes * MEGABYTE <= size
    for service in [*own().values(), services()["proxy"]]:
        assert service["tmpfs"] == ["/tmp:mode=1777,size=${TMP_SIZE:-1100m}"]


def test_stop_period_covers_the_deadline() -> None:
    grace = Settings.model_fields["grace_period_s"].default
    assert all(int(service["stop_grace_period"].removesuffix("s")) > grace for service in own().values())


def test_the_proxy_s_limits_match_the_service_s() -> None:
    largest = Settings.model_fields["max_upload_mb"].default * MEGABYTE
    assert largest <= int(directive("client_max_body_size").removesuffix("m")) * 1024 * 1024 < 1.1 * largest
    assert int(directive("keepalive_timeout").removesuffix("s")) < KEEP_ALIVE_S
    assert (
        int(directive("proxy_read_timeout").removesuffix("s")) > Settings.model_fields["deadline_s"].default
    )
    retried = directive("proxy_next_upstream").split()
    assert {"error", "http_503", "http_429", "non_idempotent"} <= set(retried)


def test_compose_file_is_valid(compose: tuple[str, ...]) -> None:
    profiles = [word for name in ("gpu", "scale", "observe", "pacs") for word in ("--profile", name)]
    read = yaml.safe_load(call(*compose, *profiles, "config"))["services"]
    assert read.keys() == services().keys()
    assert read["gpu"]["build"]["args"]["VARIANT"] == "cuda"
    assert read["pleura"]["build"]["args"]["VARIANT"] == "cpu"
    (device,) = read["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_missing_engine_is_reported() -> None:
    done = subprocess.run(
        ["make", "docker-test", "--assume-old=install"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DOCKER_HOST": "tcp://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "No Docker engine answers here" in done.stdout
