"""The Ray cluster of a run, and the allocation of its processors and GPUs."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray._private import services

from model.errors import PleuraError
from model.threads import available_cpus

_GROUP = 8
"""Processors per copy of the network: with more, they would wait for the one process that feeds it."""


_LONGEST_FOLDER = 38
"""Characters: Ray appends up to 68, and the path of a socket is limited to 107."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The allocation of a cluster.

    Attributes:
        networks: Copies of the network, one per GPU or group of processors.
        threads: Threads of each copy on a CPU.
        gpus: GPUs of each copy.
        task_cpus: Processors that reading or writing a block reserves.
    """

    networks: int
    threads: int
    gpus: int
    task_cpus: float


def join_cluster() -> None:
    """Join the cluster at ``RAY_ADDRESS`` or on this machine; if there is none, start one for this run.

    A cluster started here keeps its files in a temporary folder, which is removed when this process ends.

    Raises:
        PleuraError: There is no cluster at ``RAY_ADDRESS``, or the path of the temporary folder is too
            long for Ray.
    """
    # Silences Ray's warning about a future change of CUDA_VISIBLE_DEVICES on workers without a GPU.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        if "RAY_ADDRESS" in os.environ:
            raise PleuraError(
                "No Ray cluster answers at RAY_ADDRESS: start one with ray start --head, or unset it."
            ) from None
        # Without it, Ray writes a token into the home folder.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        with _without_usage_process():
            ray.init(
                address="local",
                num_cpus=available_cpus(),
                include_dashboard=False,
                _temp_dir=_temporary_folder(),
                **quiet,
            )


def _temporary_folder() -> str:
    folder = tempfile.mkdtemp(prefix="pleura-")
    if len(folder) > _LONGEST_FOLDER:
        Path(folder).rmdir()
        raise PleuraError(
            f"Ray cannot create its sockets in {tempfile.gettempdir()}, whose path is too long: "
            "set TMPDIR to a shorter path such as /tmp."
        )
    # Runs after the shutdown in `bulk`, and before Ray's exit handler, which was registered earlier.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _without_usage_process() -> Iterator[None]:
    """Keep Ray from starting the process that reports usage.

    Without the dashboard, that process only reports usage. Even with reports off, it queries the
    metadata addresses of three cloud providers, and Ray has no setting against it. Ray treats this as a
    dashboard that failed to start, and continues.
    """
    start = services.start_api_server
    services.start_api_server = lambda *_, **__: (None, None)
    try:
        yield
    finally:
        services.start_api_server = start


def allocate(device: str) -> Allocation:
    """Allocate the processors and GPUs of the cluster.

    A copy of the network on a CPU reserves almost no processor time: tasks that read and write wait for
    it through back-pressure, and if its machine is lost, it can be placed on any other.

    Args:
        device: ``"auto"`` uses GPUs if there are any.

    Raises:
        PleuraError: GPUs were requested, and there are none.
    """
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
    if device == "cuda" and not gpus:
        raise PleuraError("No machine of the cluster has a GPU: use --device cpu.")
    # The small reservation of the network (`_NETWORK_CPUS`) leaves less than one processor for the last
    # task.
    task_cpus = 1.0 if max(cpus) > 1 else 0.5
    if gpus and device != "cpu":
        return Allocation(networks=gpus, threads=1, gpus=1, task_cpus=task_cpus)
    groups = sum(max(1, cpu // _GROUP) for cpu in cpus if cpu)
    threads = min(_GROUP, max(1, min(cpu for cpu in cpus if cpu)))
    return Allocation(networks=groups, threads=threads, gpus=0, task_cpus=task_cpus)
