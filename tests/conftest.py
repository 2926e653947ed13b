"""What all tests share: the processors, and where the real images lie, if they are here."""

import os
from pathlib import Path

import pytest


def _take_processors() -> None:
    """Keep one of several processes that test, and all that it starts, to its share of the processors.

    Threads of several networks on the same processors slow each other down many times over.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or not hasattr(os, "sched_setaffinity"):
        return
    number, workers = int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[number::workers] or cpus)


_take_processors()

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
