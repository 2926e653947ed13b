"""One service, in a process of its own, for all that does not end it."""

from collections.abc import Iterator

import pytest

from tests.reliability.service import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Reads and writes like any; a stand-in for the network takes no time."""
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made
