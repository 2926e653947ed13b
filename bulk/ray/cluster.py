"""The cluster that a run finds or starts, and how its machines are shared out."""

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
"""Processors that share one copy of the network: more would wait for the one process that feeds it."""


_LONGEST_FOLDER = 38
"""Characters: Ray puts up to 68 more behind it, and the path of a socket has 107 at most."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Attributes:
    networks: copies of the network, one for each GPU or group of processors.
    threads: of each, on a CPU.
    gpus: that each takes.
    task_cpus: what reading or writing a block takes.
    """

    networks: int
    threads: int
    gpus: int
    task_cpus: float


def join_cluster() -> None:
    """Join the cluster that ``RAY_ADDRESS`` names or that was started on this machine; where there is none, start one for this run.

    The cluster of a run keeps its files in a temporary folder, which is removed when this process ends.

    Raises:
        PleuraError: there is no cluster at ``RAY_ADDRESS``, or the temporary folder does not suit Ray.
    """
    # Ray warns of a change in what workers without a GPU see, unless it is told that it is known.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        if "RAY_ADDRESS" in os.environ:
            raise PleuraError(
                "No Ray cluster answers at RAY_ADDRESS: start one with ray start --head, or unset it."
            ) from None
        # The token that Ray would write into the home folder.
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
            f"Ray cannot make its sockets in {tempfile.gettempdir()}, whose path is too long: set TMPDIR to a shorter one, /tmp for instance."
        )
    # Ray's own handler, which ends its processes, was registered before: this one runs after the shutdown in `bulk`.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _without_usage_process() -> Iterator[None]:
    """Keep Ray from starting the process that reports its use.

    Without the dashboard, that report is all the process is for; where reports are off it still asks the addresses of three clouds
    whether this machine is theirs. Ray has no setting for it. To Ray this is a dashboard that could not be started, which it goes on without.
    """
    start = services.start_api_server
    services.start_api_server = lambda *_, **__: (None, None)
    try:
        yield
    finally:
        services.start_api_server = start


def share_out(device: str) -> Shares:
    """How the machines that are there are shared out.

    A copy of the network on a CPU reserves next to nothing of its processors: those that read and write wait for it when they have
    got ahead, and when its machine is lost, there is room for it on any other.

    Args:
        device: ``"auto"`` takes the GPUs where there are some.

    Raises:
        PleuraError: there are none, and they were asked for.
    """
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    machines = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
    if device == "cuda" and not gpus:
        raise PleuraError("No machine of the cluster has a GPU: use --device cpu.")
    # The network's sliver of a machine's processors is missing to the last task.
    task_cpus = 1.0 if max(cpus) > 1 else 0.5
    if gpus and device != "cpu":
        return Shares(networks=gpus, threads=1, gpus=1, task_cpus=task_cpus)
    groups = sum(max(1, cpu // _GROUP) for cpu in cpus if cpu)
    threads = min(_GROUP, max(1, min(cpu for cpu in cpus if cpu)))
    return Shares(networks=groups, threads=threads, gpus=0, task_cpus=task_cpus)
