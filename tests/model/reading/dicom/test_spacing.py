from typing import Any

import pytest
from pydicom import Dataset

from model.reading import read
from model.reading.dicom.spacing import pixel_spacing

from .files import chest, dicom


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, (None, None)),
        ({"PixelSpacing": [0.2, 0.3]}, ((0.2, 0.3), "unknown")),
        ({"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": "GEOMETRY"}, ((0.2, 0.3), "patient")),
        ({"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": "FIDUCIAL "}, ((0.2, 0.3), "patient")),
        ({"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": "NONE"}, ((0.2, 0.3), "unknown")),
        ({"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationType": ""}, ((0.2, 0.3), "unknown")),
        (
            {"PixelSpacing": [0.2, 0.3], "PixelSpacingCalibrationDescription": "ball of 25 mm"},
            ((0.2, 0.3), "patient"),
        ),
        ({"ImagerPixelSpacing": [0.2, 0.3]}, ((0.2, 0.3), "detector")),
        ({"NominalScannedPixelSpacing": [0.2, 0.3]}, ((0.2, 0.3), "detector")),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0.4, 0.5]}, ((0.2, 0.3), "patient")),
        ({"PixelSpacing": [0.2, 0.3], "NominalScannedPixelSpacing": [0.4, 0.5]}, ((0.2, 0.3), "patient")),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0.2, 0.3]}, ((0.2, 0.3), "detector")),
        ({"PixelSpacing": [0.2, 0.3], "NominalScannedPixelSpacing": [0.2, 0.3]}, ((0.2, 0.3), "detector")),
        (
            {"PixelSpacing": ["0.143", "0.143"], "ImagerPixelSpacing": ["0.1430000001", "1.43e-1"]},
            ((0.143, 0.143), "detector"),
        ),
        (
            {
                "PixelSpacing": [0.2, 0.3],
                "ImagerPixelSpacing": [0.2, 0.3],
                "PixelSpacingCalibrationType": "GEOMETRY",
            },
            ((0.2, 0.3), "patient"),
        ),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.4, 0.5]}, ((0.4, 0.5), "detector")),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [0, 0]}, ((0.2, 0.3), "unknown")),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": 0.2}, ((0.2, 0.3), "unknown")),
        ({"PixelSpacing": [0, 0.3]}, (None, None)),
        ({"PixelSpacing": [-0.2, 0.3]}, (None, None)),
        ({"PixelSpacing": 0.2}, (None, None)),
        ({"PixelSpacing": [0.2, 0.3, 0.4]}, (None, None)),
        ({"PixelSpacing": ""}, (None, None)),
        ({"PixelSpacing": [1e-9, 1e-9]}, (None, None)),
        ({"PixelSpacing": [1e30, 1e30]}, (None, None)),
        ({"PixelSpacing": "", "PixelSpacingCalibrationType": "GEOMETRY"}, (None, None)),
    ],
)
def test_spacing(attributes: dict[str, Any], expected: tuple[Any, Any]) -> None:
    radiograph = read(dicom(chest(), bits=12, **attributes))
    assert (radiograph.spacing_mm, radiograph.spacing_plane) == expected


@pytest.mark.parametrize("others", [{}, {"PixelSpacing": [0.36, 0.24]}])
def test_magnification_brings_the_detector_s_spacing_into_the_patient(others: dict[str, Any]) -> None:
    data = dicom(
        chest(),
        bits=12,
        ImagerPixelSpacing=[0.36, 0.24],
        EstimatedRadiographicMagnificationFactor="1.2",
        **others,
    )
    radiograph = read(data)
    assert radiograph.spacing_mm == pytest.approx((0.3, 0.2))
    assert radiograph.spacing_plane == "patient"


def test_corrected_spacing_is_not_corrected_again() -> None:
    radiograph = read(
        dicom(
            chest(),
            bits=12,
            PixelSpacing=[0.3, 0.2],
            ImagerPixelSpacing=[0.36, 0.24],
            EstimatedRadiographicMagnificationFactor="1.2",
        )
    )
    assert (radiograph.spacing_mm, radiograph.spacing_plane) == ((0.3, 0.2), "patient")


def test_magnification_says_nothing_of_a_spacing_that_may_be_corrected() -> None:
    data = dicom(chest(), bits=12, PixelSpacing=[0.3, 0.2], EstimatedRadiographicMagnificationFactor="1.2")
    assert (read(data).spacing_mm, read(data).spacing_plane) == ((0.3, 0.2), "unknown")


@pytest.mark.parametrize("factor", ["", "1", "0", "-1.2", "0.8", "100", ["1.2", "1.3"]])
def test_impossible_magnification_counts_as_missing(factor: str | list[str]) -> None:
    radiograph = read(
        dicom(
            chest(),
            bits=12,
            ImagerPixelSpacing=[0.3, 0.2],
            EstimatedRadiographicMagnificationFactor=factor,
        )
    )
    assert (radiograph.spacing_mm, radiograph.spacing_plane) == ((0.3, 0.2), "detector")


def _with_spacing(value: bytes) -> bytes:
    """A DICOM file whose PixelSpacing is these 10 bytes, which pydicom itself would not write."""
    data = dicom(chest(), bits=12, PixelSpacing=["0.11", "0.22"])
    assert (data.count(b"0.11\\0.22 "), len(value)) == (1, 10)
    return data.replace(b"0.11\\0.22 ", value)


@pytest.mark.parametrize(
    "value", [b"nan\\nan   ", b"inf\\inf   ", b"abc\\def   ", b"0.2,0.3   ", b"\\         "]
)
def test_invalid_spacing_is_none(value: bytes) -> None:
    assert read(_with_spacing(b"0.3\\0.4   ")).spacing_mm == (0.3, 0.4)
    assert read(_with_spacing(value)).spacing_mm is None


def test_missing_spacing_is_none() -> None:
    assert pixel_spacing(Dataset()) == (None, None)
