"""The bundled checkpoint, asked by Triton's client."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from tritonclient.http import (  # type: ignore[import-untyped]
    InferenceServerClient,
    InferInput,
    InferRequestedOutput,
)

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def client(service: httpx.Client) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(service.base_url.netloc.decode()) as made:
        yield made


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_inference_protocol_gives_the_mask_of_segment(
    client: InferenceServerClient, service: httpx.Client, binary: bool
) -> None:
    phantom = cv2.imread(str(SAMPLES / "phantom.png"), cv2.IMREAD_GRAYSCALE)
    assert phantom is not None
    files = [
        (SAMPLES / "phantom.png").read_bytes(),
        cv2.imencode(".jpg", phantom[:, :900])[1].tobytes(),
    ]
    sent = files if binary else [b64encode(file).decode() for file in files]
    image = InferInput("image", [2], "BYTES").set_data_from_numpy(
        np.array(sent, dtype=np.object_), binary_data=binary
    )
    names = [output["name"] for output in client.get_model_metadata("pleura")["outputs"]]
    wanted = [InferRequestedOutput(name, binary_data=binary) for name in names]
    result = client.infer("pleura", [image], outputs=wanted)
    for index, file in enumerate(files):
        same = service.post("/segment", content=file).json()
        mask = result.as_numpy("mask")[index]
        assert (mask if binary else b64decode(mask)) == b64decode(same["mask"]["data"])
        document = json.loads(result.as_numpy("document")[index])
        for part in ("image", "lungs", "quality", "model"):
            assert document[part] == same[part]
        assert result.as_numpy("predicted_iou")[index] == np.float32(same["quality"]["predicted_iou"])
        assert result.as_numpy("trusted")[index] == same["quality"]["trusted"]
        areas = [same["lungs"][side]["area_px"] for side in ("right", "left")]
        assert result.as_numpy("area_px")[index].tolist() == areas
    assert result.get_response()["model_version"] == same["model"]["sha256"][:12]
