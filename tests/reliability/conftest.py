"""One service, in a separate process, for the tests that do not end it."""

from collections.abc import Iterator

import pytest

from tests.reliability.service import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose network is replaced by a fake that takes no time."""
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made
