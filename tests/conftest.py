"""Where the real images lie, if they are here; and a check after every test."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import signal_stack

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


@pytest.fixture(autouse=sys.platform == "linux")
def signals_find_their_stack() -> Iterator[None]:
    """Fail a test after which the signal stack is gone: the next Ctrl-C or timeout would kill all tests."""
    yield
    if signal_stack.is_gone():
        signal_stack.disable()
        pytest.fail(
            "The signal stack is no longer mapped, probably because a core of OpenVINO was destroyed: use "
            "model.engines.openvino.shared_core()."
        )
