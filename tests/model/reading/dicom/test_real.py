"""Four real radiographs; skipped where they are absent."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.reading import read
from model.reading.dicom.dataset import read_attributes

EXPECTED = {
    "NEMA_RG1_J2KI.dcm": ((1955, 1841), ("window", "inverted"), None),
    "NEMA_RG1_JLSN.dcm": ((1955, 1841), ("window", "inverted"), None),
    "siim_6904.dcm": ((1024, 1024), (), (0.168, 0.168)),
    "gdcm-CR-MONO1-10-chest.dcm": ((440, 440), ("window", "inverted"), None),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_read_as_a_radiograph(shared_dicom: Path, name: str) -> None:
    shape, applied, spacing_mm = EXPECTED[name]
    radiograph = read(shared_dicom / name)
    assert radiograph.pixels.shape == shape
    assert radiograph.applied == applied
    assert radiograph.spacing_mm == spacing_mm
    assert radiograph.dataset is not None
    assert "PixelData" not in radiograph.dataset


@pytest.mark.parametrize("name", EXPECTED)
def test_lungs_are_dark_and_the_spine_is_bright(shared_dicom: Path, name: str) -> None:
    small = cv2.resize(read(shared_dicom / name).pixels, (100, 100), interpolation=cv2.INTER_AREA)
    upper_lungs = np.median(np.hstack([small[25:40, 22:38], small[25:40, 62:78]]))
    spine, abdomen = np.median(small[50:70, 47:53]), np.median(small[90:98, 30:70])
    assert upper_lungs < 0.75 * spine
    assert upper_lungs < 0.75 * abdomen


def test_two_codecs_give_one_picture(shared_dicom: Path) -> None:
    # Both are lossy, so the stored values differ a little.
    one = read(shared_dicom / "NEMA_RG1_J2KI.dcm").pixels.astype(float)
    other = read(shared_dicom / "NEMA_RG1_JLSN.dcm").pixels.astype(float)
    assert np.abs(one - other).mean() < 0.004 * 65535
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.999


def test_real_file_is_read_within_its_bounds(shared_dicom: Path) -> None:
    data = (shared_dicom / "NEMA_RG1_J2KI.dcm").read_bytes()
    assert read_attributes(data, max_pixels=10_000_000).Rows == 1955
