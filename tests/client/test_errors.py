import copy
import pickle
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pleura_client
import pytest
from pleura_client import (
    InvalidArgument,
    Pleura,
    PleuraClientError,
    Problem,
    RequestRefused,
    ServiceError,
    ServiceUnavailable,
    ServiceUnreachable,
    Trust,
    UnexpectedAnswer,
    WrongKey,
)

from tests.app.fakes import encode, picture, png_header, truth
from tests.client.serving import running
from tests.client.transports import Script, client_of, problem, segmentation_document


def test_errors_form_a_tree() -> None:
    errors = [
        one for one in vars(pleura_client).values() if isinstance(one, type) and issubclass(one, Exception)
    ]
    assert len(errors) == 8
    assert all(issubclass(one, PleuraClientError) for one in errors)
    assert all(issubclass(one, ServiceError) for one in (RequestRefused, ServiceUnavailable, WrongKey))


@pytest.mark.parametrize(
    ("image", "status", "word"),
    [
        (b"this is text", 415, "unsupported-image"),
        (b"", 400, "unreadable-image"),
        (encode(picture())[:-60], 400, "unreadable-image"),
        (png_header(60_000, 60_000), 413, "image-too-large"),
    ],
)
def test_rejected_image_is_an_error(pleura: Pleura, image: bytes, status: int, word: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        pleura.segment(image)
    error = caught.value
    assert error.status == status
    assert error.problem.type == f"urn:pleura:problem:{word}"
    assert error.title
    assert str(error) == error.detail
    assert str(error).endswith(".")


def test_threshold_out_of_range_is_an_error(pleura: Pleura) -> None:
    with pytest.raises(RequestRefused, match="threshold"):
        pleura.segment(picture(), threshold=1.5)


def test_missing_or_wrong_key_is_an_error() -> None:
    with running(api_key="s3cret") as service:
        with Pleura(service.url) as pleura, pytest.raises(WrongKey, match="Authorization: Bearer"):
            pleura.segment(picture())
        with Pleura(service.url, api_key="guess") as pleura, pytest.raises(WrongKey):
            pleura.model()
        with Pleura(service.url, api_key="s3cret") as pleura:
            assert np.array_equal(pleura.segment(picture()).mask, truth())


@pytest.mark.parametrize("key", ["", "two words", "line\n", "schlüssel", "\x00"])
def test_invalid_key_is_rejected_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidArgument, match="Give the key") as caught:
        Pleura("http://pleura.test", api_key=key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "pleura.test", "ftp://pleura.test", "http://", "http://x:port", "http://x/?a=b"],
)
def test_invalid_address_is_rejected(url: str) -> None:
    with pytest.raises(InvalidArgument, match="http://host:port"):
        Pleura(url)


@pytest.mark.parametrize("url", ["http://pleura.test/lungs", "http://pleura.test/lungs/"])
def test_service_behind_a_path_is_reached(url: str) -> None:
    script = Script(httpx.Response(200, json=segmentation_document()))
    with Pleura(url, transport=script) as pleura:
        pleura.segment(b"image")
    assert script.requests[0].url.path == "/lungs/segment"


def test_refused_connection_is_an_error() -> None:
    with running() as service:
        url = service.url
    with Pleura(url, retries=0) as pleura:
        assert not pleura.ready()
        with pytest.raises(ServiceUnreachable, match=f"Nothing answers at {url}/model"):
            pleura.model()


def test_errors_hide_the_password_of_the_address() -> None:
    script = Script(httpx.ConnectError)
    client = Pleura("http://me:s3cret@pleura.test", transport=script, retries=0)
    with client, pytest.raises(ServiceUnreachable, match=r"http://pleura\.test/model") as caught:
        client.model()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<h1>Bad Gateway</h1>"),
        httpx.Response(301, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(599),
        httpx.Response(400, text="{", headers={"Content-Type": "application/problem+json"}),
        httpx.Response(400, text="[]", headers={"Content-Type": "application/problem+json"}),
    ],
    ids=str,
)
def test_error_of_another_server_is_an_error(answer: httpx.Response) -> None:
    with client_of(Script(answer), []) as pleura, pytest.raises(ServiceError) as caught:
        pleura.model()
    error = caught.value
    assert error.status == answer.status_code
    assert error.problem.type == "about:blank"
    assert f"http://pleura.test/model answered {answer.status_code}" in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<h1>Welcome</h1>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json=None),
        httpx.Response(200, json={}),
        httpx.Response(200, json=segmentation_document(mask=None)),
        httpx.Response(200, json=segmentation_document(mask={"data": "iVBORw0KGgo="})),
        httpx.Response(200, json=segmentation_document(mask={"data": {"size": [2, 3], "counts": "1121"}})),
        httpx.Response(200, json=segmentation_document(mask={"data": {"size": [3, 2], "counts": "77"}})),
        httpx.Response(200, json=segmentation_document(lungs={"right": None})),
        httpx.Response(200, json=segmentation_document(quality=None)),
        httpx.Response(204),
        httpx.Response(200, content=b"\xff\xfe", headers={"Content-Type": "application/json"}),
    ],
)
def test_success_of_another_server_is_an_error(answer: httpx.Response) -> None:
    with client_of(Script(answer), []) as pleura, pytest.raises(UnexpectedAnswer, match="check the address"):
        pleura.segment(b"image")


def test_answer_of_another_type_is_an_error() -> None:
    script = Script(httpx.Response(200, json={}), httpx.Response(200))
    with client_of(script, []) as pleura:
        with pytest.raises(UnexpectedAnswer, match="application/json instead of image/png"):
            pleura.overlay(b"image")
        with pytest.raises(UnexpectedAnswer, match="nothing instead of application/dicom"):
            pleura.seg(b"image")


@pytest.mark.parametrize(
    "headers", [{}, {"Pleura-Trusted": "perhaps"}, {"Pleura-Trusted": "true", "Pleura-Predicted-IoU": "high"}]
)
def test_picture_without_trust_headers_is_not_trusted(headers: dict[str, str]) -> None:
    script = Script(httpx.Response(200, content=b"", headers={"Content-Type": "image/png"} | headers))
    with client_of(script, []) as pleura, pytest.raises(UnexpectedAnswer, match="whether to trust"):
        pleura.overlay(b"image")


def test_trusted_picture_is_trusted() -> None:
    said = {"Pleura-Trusted": "true", "Pleura-Predicted-IoU": "0.96", "Pleura-Warnings": "touches_border"}
    said |= {"Pleura-Checkpoint": "m"}
    script = Script(httpx.Response(200, content=b"PNG", headers={"Content-Type": "image/png"} | said))
    with client_of(script, []) as pleura:
        made = pleura.overlay(b"image")
    assert made == b"PNG"
    assert made.trust == Trust(trusted=True, predicted_iou=0.96, warnings=("touches_border",), checkpoint="m")


def test_damaged_content_encoding_is_an_error() -> None:
    client = client_of(Script(httpx.DecodingError), [])
    with client, pytest.raises(UnexpectedAnswer, match="cannot be read"):
        client.model()


def test_unknown_fields_of_a_later_service_are_ignored() -> None:
    document = segmentation_document()
    document["quality"]["warnings"][0]["severity"] = 3
    document["image"]["laterality"] = "PA"
    document["more"] = {}
    with client_of(Script(httpx.Response(200, json=document)), []) as pleura:
        assert pleura.segment(b"image").quality.warnings[0].code == "one_lung"


def test_missing_sides_of_an_older_service_are_none() -> None:
    document = segmentation_document()
    del document["image"]["sides_from"]
    script = Script(httpx.Response(200, json=segmentation_document()), httpx.Response(200, json=document))
    with client_of(script, []) as pleura:
        assert pleura.segment(b"image").image.sides_from == "patient_orientation"
        assert pleura.segment(b"image").image.sides_from == "convention"


BAD_ARGUMENTS: list[tuple[Any, str]] = [
    (np.zeros((4, 4), np.float32), "not float32"),
    (np.zeros((4, 4, 3), np.uint8), r"not uint8 \(4, 4, 3\)"),
    (np.zeros((0, 4), np.uint8), "not uint8"),
    (Path("nowhere") / "x.png", "x.png cannot be read"),
    ("nul\0", "cannot be read"),
    (Path(__file__).parent, "cannot be read"),
    (3, "not int"),
    (None, "not NoneType"),
]


@pytest.mark.parametrize(("image", "reason"), BAD_ARGUMENTS, ids=[reason for _, reason in BAD_ARGUMENTS])
def test_unsendable_source_is_rejected(image: Any, reason: str) -> None:
    script = Script()
    with client_of(script, []) as pleura, pytest.raises(InvalidArgument, match=reason):
        pleura.segment(image)
    assert script.requests == []


def test_unsendable_mask_is_rejected() -> None:
    with client_of(Script(), []) as pleura, pytest.raises(InvalidArgument, match="Give a mask"):
        pleura.evaluate(b"image", np.zeros((2, 2, 2)))


def test_errors_can_be_copied_and_pickled() -> None:
    told = Problem(type="t", title="A title", status=429, detail="Do this.")
    error = ServiceUnavailable(told, retry_after=2)
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(copied) is ServiceUnavailable
        assert (copied.problem, copied.retry_after, str(copied)) == (told, 2, "Do this.")


def test_file_names_are_not_sent(folder: Path) -> None:
    named = folder / "DOE^JANE.png"
    named.write_bytes(encode(picture()))
    script = Script(problem(400), problem(400))
    with client_of(script, []) as pleura:
        with pytest.raises(RequestRefused):
            pleura.segment(named)
        with pytest.raises(RequestRefused):
            pleura.evaluate(named, named)
    for request in script.requests:
        assert b"DOE" not in request.content + str(request.headers).encode() + bytes(request.url.raw_path)
