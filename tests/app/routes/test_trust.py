"""The trust in a mask and its checkpoint, in answers of every media type."""

import json
from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from model.quality import Quality, Warning
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import dicom, encode, picture, truth

TRUSTED = Quality(predicted_iou=0.9613, trusted=True, warnings=())
DOUBTFUL = Quality(
    predicted_iou=0.62,
    trusted=False,
    warnings=(Warning("one_lung", "Only one lung was found."), Warning("low_confidence", "Too low.")),
)
SAID = {
    TRUSTED: {"Pleura-Trusted": "true", "Pleura-Predicted-IoU": "0.9613", "Pleura-Checkpoint": "fake"},
    DOUBTFUL: {
        "Pleura-Trusted": "false",
        "Pleura-Predicted-IoU": "0.62",
        "Pleura-Warnings": "one_lung, low_confidence",
        "Pleura-Checkpoint": "fake",
    },
}
ACCEPTED = ["application/json", "image/png", "application/dicom"]


@pytest.fixture(params=[TRUSTED, DOUBTFUL], ids=["trusted", "doubtful"])
def quality(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Quality:
    """What every mask is judged to be."""
    judged: Quality = request.param
    monkeypatch.setattr("model.segmenter.assess", lambda *_, **__: judged)
    return judged


def told(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    names = {name.lower(): name for said in SAID.values() for name in said}
    return {names[name]: value for name, value in answer.headers.items() if name.startswith("pleura-")}


def text_of(png: bytes) -> dict[str, str]:
    image = Image.open(BytesIO(png))
    assert isinstance(image, PngImageFile)
    return {name: str(text) for name, text in image.text.items() if name.startswith("Pleura-")}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_segment_has_the_trust_headers(shared_client: Service, quality: Quality, accept: str) -> None:
    answer = shared_client.post("/segment", content=dicom(picture()), headers={"Accept": accept})
    assert told(answer) == SAID[quality]
    assert answer.headers["content-type"] == accept


@pytest.mark.parametrize("accept", ACCEPTED)
def test_evaluate_has_the_trust_headers(shared_client: Service, quality: Quality, accept: str) -> None:
    files = {"image": ("image", dicom(picture())), "mask": ("mask", encode(truth()))}
    answer = shared_client.post("/evaluate", files=files, headers={"Accept": accept})
    assert told(answer) == SAID[quality]
    assert answer.headers["content-type"] == accept


@pytest.mark.parametrize("path", ["/segment", "/segment.png"])
@pytest.mark.parametrize("render", ["mask", "overlay", "radiograph", "probability"])
def test_every_picture_has_the_trust_in_its_text(
    shared_client: Service, quality: Quality, path: str, render: str
) -> None:
    query, accept = {"render": render}, {"Accept": "image/png"}
    answer = shared_client.post(path, params=query, content=encode(picture()), headers=accept)
    assert told(answer) == SAID[quality]
    assert text_of(answer.content) == SAID[quality]
    assert (answer.content[24] == 1) == (render == "mask"), "one bit a pixel"


def test_png_in_a_document_has_the_trust_in_its_text(shared_client: Service, quality: Quality) -> None:
    document = shared_client.post("/segment", content=encode(picture())).json()
    assert text_of(b64decode(document["mask"]["data"])) == SAID[quality]
    assert document["model"]["name"] == SAID[quality]["Pleura-Checkpoint"]


def infer(client: Service, *images: bytes, **more: Any) -> httpx.Response:
    data = [b64encode(image).decode() for image in images]
    tensor = {"name": "image", "shape": [len(images)], "datatype": "BYTES", "data": data}
    return client.post("/v2/models/pleura/infer", json={"inputs": [tensor], **more})


def test_inference_of_masks_alone_has_the_trust_headers(shared_client: Service, quality: Quality) -> None:
    answer = infer(shared_client, encode(picture()), outputs=[{"name": "mask"}])
    assert told(answer) == SAID[quality]
    (mask,) = answer.json()["outputs"][0]["data"]
    assert text_of(b64decode(mask)) == SAID[quality]


def test_inference_of_several_images_has_the_lowest_trust(
    shared_client: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = iter([TRUSTED, DOUBTFUL, TRUSTED])
    monkeypatch.setattr("model.segmenter.assess", lambda *_, **__: next(judged))
    answer = infer(shared_client, *[encode(picture())] * 3, parameters={"binary_data_output": True})
    assert told(answer) == SAID[DOUBTFUL]


def test_checkpoint_without_quality_model_has_no_predicted_iou(shared_client: Service) -> None:
    answer = shared_client.post("/segment.png", content=encode(picture()))
    assert told(answer) == {
        "Pleura-Trusted": "false",
        "Pleura-Warnings": "one_lung, not_calibrated",
        "Pleura-Checkpoint": "fake",
    }
    document = shared_client.post("/segment", content=encode(picture())).json()
    assert document["quality"]["predicted_iou"] is None
    assert [warning["code"] for warning in document["quality"]["warnings"]] == ["one_lung", "not_calibrated"]


def test_trust_headers_are_exposed_to_other_origins(make_client: MakeClient) -> None:
    client = make_client(cors_origins="https://viewer.example")
    answer = client.post(
        "/segment.png", content=encode(picture()), headers={"Origin": "https://viewer.example"}
    )
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert set(told(answer)) <= exposed
    assert {*SAID[DOUBTFUL], "X-Request-ID"} <= exposed


def test_errors_have_no_trust_headers(shared_client: Service) -> None:
    answer = shared_client.post("/segment", content=b"")
    assert not [name for name in answer.headers if name.startswith("pleura-")]
    assert json.loads(answer.text)["status"] == answer.status_code
