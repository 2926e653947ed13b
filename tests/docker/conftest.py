"""The image that is tested, and containers of it."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.docker.engine import HARDENED, Container, Project, composers, has_image, missing


@pytest.fixture(scope="session")
def image() -> str:
    """The image's name; `make docker-test` builds it."""
    name = os.environ.get("PLEURA_TEST_IMAGE")
    if (reason := missing()) is not None:
        # Whoever names an image wants it tested.
        assert name is None, reason
        pytest.skip(reason)
    if name is None:
        pytest.skip("`make docker-test` builds the image and names it in PLEURA_TEST_IMAGE")
    return name


@pytest.fixture(scope="session")
def cpu_image(image: str) -> str:
    if not image.endswith(":cpu"):
        pytest.skip(f"{image} is not the image for a CPU")
    return image


@pytest.fixture(scope="session")
def service(image: str) -> Iterator[Container]:
    """A service with a read-only root and no capabilities, as documented."""
    container = Container(image, *HARDENED, "--env", "PLEURA_DEVICE=cpu")
    yield container
    container.remove()


@pytest.fixture
def start(image: str) -> Iterator[Callable[..., Container]]:
    """Starts a service for one test."""
    containers = []

    def make(*flags: str) -> Container:
        containers.append(Container(image, *HARDENED, "--env", "PLEURA_DEVICE=cpu", *flags))
        return containers[-1]

    yield make
    for container in containers:
        container.remove()


@pytest.fixture(params=[("docker", "compose"), ("docker-compose",)], ids=["v2", "1.29"])
def compose(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Each installed Compose."""
    words: tuple[str, ...] = request.param
    if words not in composers():
        pytest.skip(f"{' '.join(words)} is not installed")
    return words


@pytest.fixture
def project(cpu_image: str, compose: tuple[str, ...]) -> Iterator[Project]:
    """docker-compose.yml, running with the built image."""
    one = Project(compose)
    yield one
    one.end()


@pytest.fixture
def proxy_image(image: str) -> str:
    return _foreign("nginx:1.28")


@pytest.fixture
def prometheus_image(image: str) -> str:
    return _foreign("prom/prometheus:v3.5.0")


@pytest.fixture
def orthanc_image(image: str) -> str:
    return _foreign("jodogne/orthanc-plugins:1.12.6")


def _foreign(name: str) -> str:
    if not has_image(name):
        pytest.skip(f"{name} is not here: pull it, or see tests/docker/stand_ins")
    return name
