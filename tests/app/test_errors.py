import asyncio
import logging

import httpx
import pytest

from app.errors import ServiceError
from app.main import create_app
from app.problems import TABLE
from app.settings import Settings
from model import errors as image_errors
from model.errors import ImageError
from model.reading import png
from tests.app.conftest import Service
from tests.app.fakes import encode, picture, segmenter


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
def test_errors_are_problem_documents(shared_client: Service, method: str, path: str, status: int) -> None:
    answer = shared_client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"].endswith(".")


def test_405_has_the_allow_header(shared_client: Service) -> None:
    assert shared_client.get("/segment").headers["allow"] == "POST"


def test_every_error_is_in_the_table() -> None:
    def below(error: type[Exception]) -> set[type[Exception]]:
        return {error}.union(*(below(child) for child in error.__subclasses__()))

    assert below(ServiceError) - {ServiceError} <= set(TABLE)
    # What only tells logs more than its parent has its parent's place.
    assert below(ImageError) - {image_errors.DecoderFailure} <= set(TABLE)
    assert TABLE[image_errors.UnreadableImage].status == 400
    assert TABLE[image_errors.ImageTooLarge].status == 413
    assert TABLE[image_errors.UnsupportedImage].status == 415
    assert TABLE[image_errors.UnsuitableImage].status == 422
    assert TABLE[image_errors.SizeMismatch].status == 422


def test_unexpected_decoder_error_is_an_unreadable_image(
    shared_client: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(data: bytes, *, colour: bool, min_side: int | None) -> None:
        raise ZeroDivisionError("Secret^Name")

    monkeypatch.setattr(png, "decode", fail)
    with caplog.at_level(logging.ERROR, "pleura"):
        answer = shared_client.post("/segment", content=encode(picture()))
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:pleura:problem:unreadable-image"
    assert answer.json()["detail"] == "The image cannot be read: save it again with another program."
    (record,) = caplog.records
    assert record.getMessage() == "unexpected error in a reader"
    assert "ZeroDivisionError in " in str(vars(record)["fields"])
    assert "Secret" not in str(vars(record))


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v2/nowhere", {}, 404),
        ("/v2/models/another", {}, 404),
        ("/v2/models/pleura/infer", {}, 405),
        ("/v2/health/live", {"X-Padding": "x" * 100_000}, 431),
    ],
)
def test_errors_below_v2_have_the_protocols_form_behind_a_root_path(
    path: str, headers: dict[str, str], status: int
) -> None:
    app = create_app(Settings(), segmenter=segmenter())

    async def get(address: str) -> httpx.Response:
        transport = httpx.ASGITransport(app, root_path="/hospital")
        async with httpx.AsyncClient(transport=transport, base_url="http://pleura") as client:
            return await client.get(address, headers=headers)

    answer = asyncio.run(get(f"/hospital{path}"))
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    elsewhere = asyncio.run(get(f"/hospital/elsewhere{path}"))
    assert elsewhere.headers["content-type"] == "application/problem+json"


def test_slugs_are_unique() -> None:
    slugs = [kind.slug for kind in TABLE.values()]
    assert len(slugs) == len(set(slugs))
