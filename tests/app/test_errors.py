import pytest

from app.errors import TABLE, ServiceError
from model import errors as image_errors
from model.errors import ImageError
from tests.app.conftest import Service


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/segment", 405),
        ("DELETE", "/readyz", 405),
        ("POST", "/evaluate/", 404),
        ("GET", "/%2e%2e/etc/passwd", 404),
        ("GET", "/docs-assets/../../app.py", 404),
    ],
)
def test_everything_is_a_problem_document(
    shared_client: Service, method: str, path: str, status: int
) -> None:
    answer = shared_client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"].endswith(".")


def test_allow_is_kept(shared_client: Service) -> None:
    assert shared_client.get("/segment").headers["allow"] == "POST"


def test_each_error_has_its_place() -> None:
    def below(error: type[Exception]) -> set[type[Exception]]:
        return {error}.union(*(below(child) for child in error.__subclasses__()))

    assert below(ServiceError) - {ServiceError} <= set(TABLE)
    assert below(ImageError) <= set(TABLE)
    assert TABLE[image_errors.UnreadableImage].status == 400
    assert TABLE[image_errors.ImageTooLarge].status == 413
    assert TABLE[image_errors.UnsupportedImage].status == 415
    assert TABLE[image_errors.UnsuitableImage].status == 422
    assert TABLE[image_errors.SizeMismatch].status == 422


def test_words_are_unique() -> None:
    words = [kind.word for kind in TABLE.values()]
    assert len(words) == len(set(words))
