"""The radiograph alone, probability maps, outlines as GeoJSON, disagreement maps."""

from base64 import b64decode

import cv2
import numpy as np
import pytest

from tests.app.conftest import Service
from tests.app.fakes import Box, decode, dicom, encode, picture, truth

BOX: Box = (8, 12, 16, 40)
SHIFTED: Box = (12, 12, 16, 40)


@pytest.mark.parametrize("data", [encode(picture(BOX)), dicom(picture(BOX))], ids=["png", "dicom"])
def test_radiograph_can_be_rendered_without_outlines(shared_client: Service, data: bytes) -> None:
    answer = shared_client.post("/segment?render=radiograph", content=data, headers={"Accept": "image/png"})
    assert answer.status_code == 200, answer.text
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown is not None
    assert shown.shape == (64, 64)
    assert np.array_equal(shown == 0, truth(BOX))
    assert (shown.min(), shown.max()) == (0, 255)


@pytest.mark.parametrize("data", [encode(picture(BOX)), dicom(picture(BOX))], ids=["png", "dicom"])
def test_probability_map_can_be_rendered(shared_client: Service, data: bytes) -> None:
    answer = shared_client.post("/segment.png?render=probability", content=data)
    assert answer.headers["content-type"] == "image/png"
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown is not None
    assert shown.dtype == np.uint8
    assert np.array_equal(shown, np.where(truth(BOX), round(0.95 * 255), round(0.05 * 255)))


def test_probability_map_has_native_size_and_no_postprocessing(shared_client: Service) -> None:
    pixels = picture(BOX)
    pixels[4:6, 60:62] = 40
    large = encode(np.asarray(cv2.resize(pixels, (256, 256), interpolation=cv2.INTER_NEAREST), np.uint8))
    answer = shared_client.post("/segment.png?render=probability", content=large)
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    mask = shared_client.post("/segment.png", content=large)
    assert shown is not None
    assert shown.shape == (256, 256)
    # The speck is no lung, and probable all the same.
    assert shown[20, 243] > 200
    assert not decode(mask.content)[20, 243]


def test_outlines_can_be_geojson(shared_client: Service) -> None:
    document = shared_client.post("/segment?mask=geojson", content=encode(picture(BOX))).json()
    assert document["mask"]["encoding"] == "geojson"
    (feature,) = document["mask"]["data"]["features"]
    assert feature["id"] == "right"
    assert feature["bbox"] == [8, 12, 24, 52]
    assert feature["properties"]["area_px"] == document["lungs"]["right"]["area_px"] == 640
    ((ring,),) = feature["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert np.min(ring, axis=0).tolist() == [8, 12]
    assert np.max(ring, axis=0).tolist() == [24, 52]


def test_image_without_lungs_has_no_outlines(shared_client: Service) -> None:
    blank = encode(np.full((64, 64), 90, np.uint8))
    document = shared_client.post("/segment?mask=geojson", content=blank).json()
    assert document["mask"]["data"] == {"type": "FeatureCollection", "features": []}


def test_disagreement_map_shows_both_kinds_of_error(shared_client: Service) -> None:
    files = {"image": ("image", encode(picture(BOX))), "mask": ("mask", encode(truth(SHIFTED)))}
    document = shared_client.post("/evaluate?disagreement=true", files=files).json()
    assert document["disagreement"]["encoding"] == "png"
    rgba = cv2.imdecode(
        np.frombuffer(b64decode(document["disagreement"]["data"]), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert rgba is not None
    assert rgba.shape == (64, 64, 4)
    assert np.array_equal(rgba[..., 3] > 0, truth(BOX) | truth(SHIFTED))
    assert len(np.unique(rgba.reshape(-1, 4), axis=0)) == 4
