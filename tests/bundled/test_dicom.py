"""One radiograph in many DICOM files, as they are met in the field: the mask is that of the picture."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid as uids

from model.metrics.overlap import overlap
from model.reading import read
from model.segmenter import Segmenter
from samples.phantom import phantom
from tests.model.reading.dicom.codestreams import SYNTAXES, frame
from tests.model.reading.dicom.files import dicom
from tests.model.reading.dicom.test_display import table

PICTURE = phantom(width=384, height=384, seed=3).pixels
TWELVE: NDArray[np.uint16] = np.rint(PICTURE / PICTURE.max() * 4095).astype(np.uint16)


@pytest.fixture(scope="module")
def expected(segmenter: Segmenter) -> NDArray[np.bool_]:
    return segmenter(PICTURE).mask


def _beam(*, largest: int, contrast: float) -> NDArray[np.uint16]:
    """The intensity behind the body; the picture shows its logarithm."""
    return np.rint(largest * contrast ** (TWELVE / -4095.0)).astype(np.uint16)


FOR_PROCESSING = {"SOPClassUID": uids.DigitalXRayImageStorageForProcessing, "Modality": "DX"}
LINEAR = {"PixelIntensityRelationship": "LIN", "PixelIntensityRelationshipSign": 1}
EIGHT_BITS = np.arange(256, dtype="<u2")


@pytest.mark.parametrize(
    ("stored", "attributes"),
    [
        pytest.param(TWELVE, {}, id="as it is"),
        pytest.param(_beam(largest=4095, contrast=60), FOR_PROCESSING | LINEAR, id="linear, 12 bits"),
        pytest.param(
            _beam(largest=16383, contrast=300), FOR_PROCESSING | LINEAR | {"bits": 14}, id="linear, 14 bits"
        ),
        pytest.param(
            _beam(largest=4095, contrast=60),
            FOR_PROCESSING
            | LINEAR
            | {"photometric": "MONOCHROME1", "WindowCenter": 2048, "WindowWidth": 4096},
            id="linear with a window",
        ),
        pytest.param(
            4095 - _beam(largest=4095, contrast=60),
            FOR_PROCESSING | LINEAR | {"PixelIntensityRelationshipSign": -1},
            id="linear, falling",
        ),
        pytest.param(
            4095 - TWELVE,
            FOR_PROCESSING | {"PixelIntensityRelationship": "LOG", "PixelIntensityRelationshipSign": 1},
            id="logarithmic",
        ),
        pytest.param(
            TWELVE, LINEAR | {"PresentationIntentType": "FOR PRESENTATION"}, id="linear, for presentation"
        ),
        pytest.param(4095 - TWELVE, {"PresentationLUTShape": "INVERSE"}, id="inverse"),
        pytest.param(
            4095 - TWELVE,
            {"PresentationLUTShape": "INVERSE", "photometric": "MONOCHROME1"},
            id="inverse said twice",
        ),
        pytest.param(TWELVE, {"PhotometricInterpretation": None}, id="no photometric interpretation"),
        pytest.param(TWELVE, {"WindowCenter": 127, "WindowWidth": 255}, id="a window of 8 bits"),
        pytest.param(TWELVE, {"VOILUTSequence": table(EIGHT_BITS)}, id="a table of 8 bits"),
        pytest.param(TWELVE << np.uint16(4), {"HighBit": 15}, id="in the higher bits"),
    ],
)
def test_dicom_gives_the_mask_of_the_equivalent_png(
    segmenter: Segmenter, expected: NDArray[np.bool_], stored: NDArray[Any], attributes: dict[str, Any]
) -> None:
    found = segmenter(dicom(stored.astype(np.uint16), **{"bits": 12, **attributes}))
    assert overlap(found.mask, expected).iou > 0.97


@pytest.mark.parametrize(
    "name",
    [
        "24-j2k-overlay-in-bit15",
        "25-jpegls-signed-12-in-16",
        "30-lossless-jpeg-declared-baseline",
        "31-highbit11-stored16",
        "31-highbit15-stored12-data-high",
        "31-highbit15-stored12-data-low",
        "32-photometric-missing",
        "33-window-of-8-bit-on-12-bit-values",
    ],
)
def test_dicom_from_the_field_is_segmented(segmenter: Segmenter, shared_field: Path, name: str) -> None:
    picture = segmenter(shared_field / "base-image.png")
    assert overlap(segmenter(shared_field / f"{name}.dcm").mask, picture.mask).iou > 0.99


def test_white_dicom_from_the_field_is_displayed_white(shared_field: Path) -> None:
    picture = read(shared_field / "base-image.png").pixels
    pixels = read(shared_field / "23-jpeg12-bitsstored10.dcm").pixels
    assert pixels[picture > 225].min() > 0.9 * 65535


@pytest.mark.parametrize("kind", SYNTAXES)
def test_overlay_in_the_highest_bit_does_not_change_the_mask(
    segmenter: Segmenter, expected: NDArray[np.bool_], kind: str
) -> None:
    cells = TWELVE.copy()
    cells[100:300:3, 50:330] |= np.uint16(0x8000)
    data = dicom(cells, bits=12, syntax=SYNTAXES[kind], frame=frame(cells, kind))
    assert overlap(segmenter(data).mask, expected).iou > 0.99


@pytest.mark.parametrize(("rows", "columns", "ratio"), [(384, 192, [1, 2]), (128, 384, [3, 1])])
def test_pixels_that_are_not_square_give_the_same_mask(
    segmenter: Segmenter, expected: NDArray[np.bool_], rows: int, columns: int, ratio: list[int]
) -> None:
    squeezed = cv2.resize(TWELVE, (columns, rows), interpolation=cv2.INTER_AREA)
    found = segmenter(dicom(np.asarray(squeezed, np.uint16), bits=12, PixelAspectRatio=ratio))
    assert found.mask.shape == (rows, columns)
    native = cv2.resize(expected.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT)
    assert overlap(found.mask, native > 0).iou > 0.97
