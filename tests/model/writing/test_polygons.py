import json
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pycocotools import mask as coco

from model.heart import HEART
from model.writing.outlines import trace
from model.writing.polygons import coco_polygons, geojson

from .shapes import HEIGHT, WIDTH, labels, mask

Mask = NDArray[np.bool_]

# pycocotools' decoder does so with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def rasterise(ring: list[list[float]], shape: tuple[int, int]) -> Mask:
    flat = [value for point in ring for value in point]
    decoded: NDArray[np.uint8] = coco.decode(coco.frPyObjects([flat], *shape))
    return decoded[:, :, 0] > 0


def signed_area(ring: list[list[float]]) -> float:
    x, y = np.array(ring).T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def drawn_from(geometry: dict[str, Any], shape: tuple[int, int]) -> Mask:
    drawn = np.zeros(shape, np.bool_)
    for outer, *holes in geometry["coordinates"]:
        polygon = rasterise(outer, shape)
        for hole in holes:
            polygon &= ~rasterise(hole, shape)
        drawn |= polygon
    return drawn


def test_box_has_the_corners_of_its_pixels_cut() -> None:
    box = np.zeros((10, 12), np.bool_)
    box[2:5, 3:8] = True
    (polygon,) = coco_polygons(box)
    corners = {(3.5, 2), (7.5, 2), (8, 2.5), (8, 4.5), (7.5, 5), (3.5, 5), (3, 4.5), (3, 2.5)}
    assert len(polygon) == 16
    assert set(zip(polygon[::2], polygon[1::2], strict=True)) == corners


def test_pycocotools_rasterises_the_polygons_to_the_mask_with_its_holes_filled() -> None:
    polygons = json.loads(json.dumps(coco_polygons(mask())))
    assert len(polygons) == 4
    merged = coco.decode(coco.merge(coco.frPyObjects(polygons, HEIGHT, WIDTH))).astype(np.bool_)
    expected = mask()
    expected[20:25, 8:12] = True
    np.testing.assert_array_equal(merged, expected)


def test_opencv_rasterises_the_polygons_close_to_the_mask() -> None:
    canvas = np.zeros((512, 512), np.uint8)
    cv2.ellipse(canvas, (150, 260), (90, 200), 10, 0, 360, 1, cv2.FILLED)
    drawn = canvas > 0
    polygons = [
        # From corners to pixel centres, which is what OpenCV counts by.
        np.floor(np.array(polygon).reshape(-1, 1, 2) - 0.25).astype(np.int32)
        for polygon in coco_polygons(drawn)
    ]
    filled = cv2.fillPoly(np.zeros((512, 512), np.uint8), polygons, [1]) > 0
    assert np.count_nonzero(filled & drawn) / np.count_nonzero(filled | drawn) > 0.99


def test_empty_mask_has_no_polygons() -> None:
    assert coco_polygons(np.zeros((4, 5), np.bool_)) == []
    assert geojson(np.zeros((4, 5), np.uint8)) == {"type": "FeatureCollection", "features": []}


def test_feature_for_each_lung() -> None:
    collection = json.loads(json.dumps(geojson(labels(), spacing_mm=(0.5, 0.25))))
    assert collection["type"] == "FeatureCollection"
    right, left = collection["features"]
    assert (right["type"], right["id"], right["geometry"]["type"]) == ("Feature", "right", "MultiPolygon")
    assert right["properties"]["name"] == "right lung"
    assert (right["properties"]["label"], right["properties"]["area_px"]) == (1, 612)
    assert right["properties"]["area_mm2"] == 76.5
    assert right["bbox"] == [4, 2, 32, 50]
    assert left["id"] == "left"
    assert left["bbox"] == [43, 21, 53, 61]
    assert left["properties"]["centroid"] == [48, 41]
    assert [len(polygon) for polygon in right["geometry"]["coordinates"]] == [2, 1, 1]


def test_one_lung_has_one_feature() -> None:
    only = np.where(labels() == 2, labels(), 0).astype(np.uint8)
    assert [feature["id"] for feature in geojson(only)["features"]] == ["left"]


def test_unknown_spacing_gives_no_square_millimetres() -> None:
    assert geojson(labels())["features"][0]["properties"]["area_mm2"] is None


def test_rings_follow_rfc_7946() -> None:
    for feature in geojson(labels())["features"]:
        for outer, *holes in feature["geometry"]["coordinates"]:
            for ring in (outer, *holes):
                assert len(ring) >= 4
                assert ring[0] == ring[-1]
            assert signed_area(outer) > 0  # counter-clockwise
            assert all(signed_area(hole) < 0 for hole in holes)


@pytest.mark.parametrize("side", [1, 2])
def test_rings_enclose_the_lung_without_its_holes(side: int) -> None:
    feature = geojson(labels())["features"][side - 1]
    np.testing.assert_array_equal(drawn_from(feature["geometry"], (HEIGHT, WIDTH)), labels() == side)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 2)))
def test_labels_survive_the_round_trip(drawn: NDArray[np.uint8]) -> None:
    height, width = drawn.shape
    found = np.zeros_like(drawn)
    for feature in geojson(drawn)["features"]:
        found[drawn_from(feature["geometry"], (height, width))] += feature["properties"]["label"]
    np.testing.assert_array_equal(found, drawn)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    st.integers(1, 40),
)
def test_outlines_do_not_depend_on_the_band_height(drawn: Mask, band: int) -> None:
    def found() -> list[tuple[frozenset[tuple[float, ...]], set[frozenset[tuple[float, ...]]]]]:
        return [
            (frozenset(map(tuple, outer.tolist())), {frozenset(map(tuple, hole.tolist())) for hole in holes})
            for outer, holes in trace(drawn)
        ]

    whole = found()
    with patch("model.writing.outlines._BAND", band):
        parts = found()
    assert len(parts) == len(whole)
    for outline in whole:
        assert outline in parts


def test_large_mask_with_holes_survives_the_round_trip() -> None:
    """Of more pixels than are seen at a time."""
    canvas = np.zeros((1500, 1400), np.uint8)
    for x in (350, 1050):
        cv2.ellipse(canvas, (x, 750), (300, 700), 5, 0, 360, 1, cv2.FILLED)
        cv2.circle(canvas, (x, 720), 90, 0, cv2.FILLED)
        cv2.circle(canvas, (x, 720), 30, 1, cv2.FILLED)
    (feature,) = geojson(canvas)["features"]
    assert [len(polygon) for polygon in feature["geometry"]["coordinates"]] == [2, 2, 1, 1]
    np.testing.assert_array_equal(drawn_from(feature["geometry"], canvas.shape), canvas > 0)


def test_heart_is_a_feature() -> None:
    with_heart = labels()
    with_heart[5:9, 30:36] = HEART
    *lungs, heart = geojson(with_heart)["features"]
    assert [lung["id"] for lung in lungs] == ["right", "left"]
    assert (heart["id"], heart["properties"]["name"]) == ("heart", "heart")
    assert (heart["properties"]["label"], heart["properties"]["area_px"]) == (HEART, 24)
    assert np.array_equal(drawn_from(heart["geometry"], with_heart.shape), with_heart == HEART)
