"""One service for each folder of tests here, and what is sent to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pleura_client import Pleura

from tests.app.fakes import dicom, encode, picture
from tests.client.serving import Running, running


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    with running() as one:
        yield one


@pytest.fixture
def pleura(service: Running) -> Iterator[Pleura]:
    with Pleura(service.url) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with ``radiograph.png`` and ``radiograph.dcm``, both of `picture`."""
    (tmp_path / "radiograph.png").write_bytes(encode(picture()))
    (tmp_path / "radiograph.dcm").write_bytes(dicom(picture()))
    return tmp_path
