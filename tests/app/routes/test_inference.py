"""The Open Inference Protocol, with Triton's client, and by hand for what that client does not send."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.http import (  # type: ignore[import-untyped]
    InferenceServerClient,
    InferInput,
    InferRequestedOutput,
)
from tritonclient.utils import InferenceServerException  # type: ignore[import-untyped]

from app.open_inference.schemas import MAX_IMAGES
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine, decode, dicom, encode, picture, png_header, truth

ROOT = Path(__file__).parents[3]
OUTPUTS = ["mask", "document", "predicted_iou", "trusted", "area_px"]
BOXES = ((8, 12, 16, 40), (10, 5, 20, 50), (30, 8, 12, 44))


@contextmanager
def triton(service: Service) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{service.port}") as client:
        yield client


@pytest.fixture(scope="module")
def client(shared_client: Service) -> Iterator[InferenceServerClient]:
    with triton(shared_client) as made:
        yield made


def tensor(*files: bytes | str, binary: bool = True) -> list[InferInput]:
    """The model's input; text is what JSON can carry."""
    data = np.array(files, dtype=np.object_)
    return [InferInput("image", [len(files)], "BYTES").set_data_from_numpy(data, binary_data=binary)]


def in_json(*files: bytes) -> list[InferInput]:
    return tensor(*(b64encode(file).decode() for file in files), binary=False)


def body(*files: bytes, **more: Any) -> dict[str, Any]:
    data = [b64encode(file).decode() for file in files]
    return {"inputs": [{"name": "image", "shape": [len(files)], "datatype": "BYTES", "data": data}], **more}


def areas(box: tuple[int, int, int, int]) -> int:
    return int(truth(box).sum())


def status_of(caught: pytest.ExceptionInfo[InferenceServerException]) -> str | None:
    status: str | None = caught.value.status()
    return status


def test_health_endpoints_answer_triton_s_client(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("pleura")
    assert client.is_model_ready("pleura", "000000000000")
    assert not client.is_model_ready("pleura", "1")
    assert not client.is_model_ready("another")


def test_metadata_describe_the_tensors(client: InferenceServerClient, shared_client: Service) -> None:
    server = client.get_server_metadata()
    assert server["name"] == "pleura"
    assert server["extensions"] == ["binary_tensor_data"]
    model = client.get_model_metadata("pleura")
    assert model == client.get_model_metadata("pleura", model["versions"][0])
    assert model["versions"] == [shared_client.get("/model").json()["sha256"][:12]]
    assert model["platform"] == "fake-fp32"
    assert model["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    assert [output["name"] for output in model["outputs"]] == OUTPUTS


@pytest.mark.parametrize("binary_out", [True, False], ids=["binary-out", "json-out"])
@pytest.mark.parametrize("send", [tensor, in_json], ids=["binary-in", "json-in"])
def test_image_is_segmented(client: InferenceServerClient, send: Any, binary_out: bool) -> None:
    wanted = [InferRequestedOutput(name, binary_data=binary_out) for name in OUTPUTS]
    result = client.infer("pleura", send(encode(picture())), outputs=wanted, request_id="study-7")
    (mask,) = result.as_numpy("mask")
    (document,) = result.as_numpy("document")
    assert np.array_equal(decode(mask if binary_out else b64decode(mask)), truth())
    assert json.loads(document)["image"]["width"] == 64
    assert json.loads(document)["mask"] is None
    assert result.as_numpy("trusted").dtype == np.bool_
    assert result.as_numpy("trusted").tolist() == [json.loads(document)["quality"]["trusted"]]
    # A checkpoint that was not calibrated expects nothing.
    assert result.as_numpy("predicted_iou").dtype == np.float32
    assert np.isnan(result.as_numpy("predicted_iou")).tolist() == [True]
    assert result.as_numpy("area_px").dtype == np.int64
    assert result.as_numpy("area_px").tolist() == [[areas(BOXES[0]), 0]]
    response = result.get_response()
    assert (response["id"], response["model_name"]) == ("study-7", "pleura")
    assert response["model_version"] == "000000000000"


def test_all_outputs_are_returned_by_default(client: InferenceServerClient, shared_client: Service) -> None:
    result = client.infer("pleura", tensor(encode(picture())))
    assert [output["name"] for output in result.get_response()["outputs"]] == OUTPUTS
    assert all("binary_data_size" in output["parameters"] for output in result.get_response()["outputs"])
    by_hand = shared_client.post("/v2/models/pleura/infer", json=body(encode(picture()))).json()
    assert [output["name"] for output in by_hand["outputs"]] == OUTPUTS
    assert all("data" in output for output in by_hand["outputs"])
    assert "id" not in by_hand
    assert by_hand["outputs"][2]["data"] == [None]


def test_only_requested_outputs_are_returned(client: InferenceServerClient) -> None:
    wanted = [
        InferRequestedOutput("area_px", binary_data=False),
        InferRequestedOutput("document", binary_data=True),
    ]
    result = client.infer("pleura", tensor(encode(picture())), outputs=wanted)
    assert [output["name"] for output in result.get_response()["outputs"]] == ["area_px", "document"]
    assert result.as_numpy("mask") is None
    assert result.as_numpy("area_px").tolist() == [[areas(BOXES[0]), 0]]
    assert json.loads(result.as_numpy("document")[0])["lungs"]["left"] is None


@pytest.mark.parametrize("send", [tensor, in_json], ids=["binary", "json"])
def test_several_images_are_segmented_in_one_request(make_client: MakeClient, send: Any) -> None:
    service = make_client(FakeEngine(max_batch=4))
    pictures = [picture(BOXES[0]), picture(BOXES[1], side=96), picture(BOXES[2])]
    with triton(service) as client:
        result = client.infer(
            "pleura", send(*map(encode, pictures[:1]), dicom(pictures[1]), encode(pictures[2]))
        )
    found = [decode(mask) for mask in result.as_numpy("mask")]
    assert [mask.shape for mask in found] == [(64, 64), (96, 96), (64, 64)]
    assert np.array_equal(found[0], truth(BOXES[0]))
    assert np.array_equal(found[2], truth(BOXES[2]))
    assert result.as_numpy("area_px").shape == (3, 2)
    assert result.as_numpy("predicted_iou").shape == (3,)
    formats = [json.loads(document)["image"]["format"] for document in result.as_numpy("document")]
    assert formats == ["png", "dicom", "png"]
    assert sum(service.engine.batches) == 3
    metrics = service.get("/metrics").text
    assert "pleura_segmentations_total 3.0" in metrics
    assert 'route="/v2/models/pleura/infer",status="200"} 1.0' in metrics


def test_threshold_and_postprocessing_are_parameters(
    client: InferenceServerClient, shared_client: Service
) -> None:
    image = encode(picture())
    result = client.infer("pleura", tensor(image), parameters={"threshold": 0.99, "postprocess": False})
    (document,) = map(json.loads, result.as_numpy("document"))
    same = shared_client.post("/segment?threshold=0.99&postprocess=false&mask=none", content=image).json()
    for part in ("image", "lungs", "quality", "model"):
        assert document[part] == same[part]


def test_large_images_are_segmented(client: InferenceServerClient) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1500), np.uint8)
    assert len(encode(noise)) > 1_000_000
    result = client.infer("pleura", tensor(encode(noise), encode(picture())))
    assert np.array_equal(decode(result.as_numpy("mask")[1]), truth())


def test_unusable_image_is_named_by_its_number(client: InferenceServerClient) -> None:
    good = encode(picture())
    for bad, status in ((b"text", "415"), (good[:60], "400"), (png_header(60_000, 60_000), "413")):
        with pytest.raises(InferenceServerException, match="Image 2: ") as caught:
            client.infer("pleura", tensor(good, bad))
        assert status_of(caught) == status
        with pytest.raises(InferenceServerException, match=r"^\[\d+\] (?!Image)") as caught:
            client.infer("pleura", tensor(bad))
        assert status_of(caught) == status


def test_errors_have_the_protocol_s_form(shared_client: Service) -> None:
    good = body(encode(picture()))
    for answer, status in (
        (shared_client.post("/v2/models/pleura/infer", content=b"{"), 400),
        (shared_client.post("/v2/models/pleura/infer", json={"inputs": []}), 422),
        (shared_client.post("/v2/models/pleura/infer", json=good, headers={"Content-Encoding": "gzip"}), 415),
        (
            shared_client.post(
                "/v2/models/pleura/infer", json=good, headers={"Inference-Header-Content-Length": "x"}
            ),
            422,
        ),
        (shared_client.post("/v2/models/pleura/versions/1/infer", json=good), 404),
        (shared_client.get("/v2/models/another"), 404),
        (shared_client.get("/v2/models/pleura/config"), 404),
        (shared_client.get("/v2/models/pleura/infer"), 405),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert list(answer.json()) == ["error"]
        assert answer.json()["error"].endswith(".")
        assert answer.headers["x-request-id"]
    # Elsewhere, what only looks like it is a problem document as ever.
    assert shared_client.get("/v2x").headers["content-type"] == "application/problem+json"


def test_rejected_requests_are_counted_by_reason(make_client: MakeClient) -> None:
    service = make_client()
    service.post("/v2/models/pleura/infer", json={"inputs": []})
    service.post("/v2/models/pleura/infer", content=b"")
    metrics = service.get("/metrics").text
    assert 'pleura_rejected_total{reason="wrong-tensors"} 1.0' in metrics
    assert 'pleura_rejected_total{reason="bad-inference-request"} 1.0' in metrics


def test_key_is_required_for_inference(make_client: MakeClient) -> None:
    service = make_client(api_key="k")
    with triton(service) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("pleura")
        for ask in (
            client.get_server_metadata,
            lambda **how: client.get_model_metadata("pleura", **how),
            lambda **how: client.infer("pleura", tensor(encode(picture())), **how),
        ):
            with pytest.raises(InferenceServerException, match="Send a valid key") as caught:
                ask()
            assert status_of(caught) == "401"
            ask(headers={"Authorization": "Bearer k"})


def test_untrusted_masks_are_rejected_if_configured(make_client: MakeClient) -> None:
    service = make_client(reject_untrusted=True)
    with (
        triton(service) as client,
        pytest.raises(InferenceServerException, match="is not trusted") as caught,
    ):
        client.infer("pleura", tensor(encode(picture((0, 0, 1, 1)))))
    assert status_of(caught) == "422"


def test_largest_number_of_images_is_accepted(client: InferenceServerClient) -> None:
    images: list[NDArray[np.uint8]] = [picture()] * MAX_IMAGES
    assert len(client.infer("pleura", tensor(*map(encode, images))).as_numpy("trusted")) == MAX_IMAGES
    with pytest.raises(InferenceServerException, match=r"inputs\.0\.shape") as caught:
        client.infer("pleura", tensor(*map(encode, [*images, picture()])))
    assert status_of(caught) == "422"


def test_documented_example_runs(
    shared_client: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/reference/http.md").read_text("utf-8")
    (example,) = re.findall(r"^```python\n(.*?tritonclient.*?)^```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    exec(example.replace("localhost:8000", f"127.0.0.1:{shared_client.port}"), {})
    same = shared_client.post(
        "/segment?threshold=0.4",
        content=(ROOT / "samples/phantom.png").read_bytes(),
        headers={"Accept": "image/png"},
    )
    assert (tmp_path / "mask.png").read_bytes() == same.content
