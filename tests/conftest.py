"""Fixtures of all tests; each worker's share of the processors."""

import os
from pathlib import Path

import pytest


def _take_processors() -> None:
    """Pin this pytest-xdist worker, and the processes that it starts, to its share of the processors.

    Threads of several networks on the same processors slow each other down many times over.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or not hasattr(os, "sched_setaffinity"):
        return
    number, workers = int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[number % workers :: workers] or cpus)


_take_processors()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return a worker for each processor of this process; pytest-xdist counts those of the machine."""
    from model.threads import available_cpus

    return available_cpus()


SHARED = Path(__file__).parents[1].parent / "shared"


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the real images of ../shared/{name} are not here")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real radiographs with masks: folders with train and validation subsets."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_dicom() -> Path:
    """Four real DICOM radiographs."""
    return _folder("dicom")


@pytest.fixture(scope="session")
def shared_field() -> Path:
    """Inputs that people reported; EXPECTED.md says what is right."""
    return _folder("field")
