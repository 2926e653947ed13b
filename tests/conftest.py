"""Where the real images lie, if they are here."""

from pathlib import Path

import pytest

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
