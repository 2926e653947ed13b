import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from model.writing.nifti import nifti

from .shapes import HEIGHT, WIDTH, labels


def read(data: bytes) -> Any:
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(data))


def test_nibabel_reads_the_labels_back() -> None:
    image = read(nifti(labels(), spacing_mm=(0.2, 0.15)))
    assert image.shape == (WIDTH, HEIGHT, 1)
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(image.dataobj)[:, :, 0].T, labels())


def test_spacing_is_that_of_columns_and_rows() -> None:
    header = read(nifti(labels(), spacing_mm=(0.2, 0.15))).header
    np.testing.assert_allclose(header.get_zooms(), (0.15, 0.2, 1.0), rtol=1e-6)
    assert header.get_xyzt_units()[0] == "mm"


def test_columns_run_to_the_left_and_rows_to_the_feet() -> None:
    image = read(nifti(labels(), spacing_mm=(0.2, 0.15)))
    assert nibabel.aff2axcodes(image.affine) == ("L", "I", "A")  # type: ignore[no-untyped-call]
    # 10 columns and 20 rows from the first pixel: 1.5 mm to the left and 4 mm down, where +x is right and
    # +z is up.
    np.testing.assert_allclose(image.affine @ [10, 20, 0, 1], [-1.5, 0, -4, 1], atol=1e-6)


def test_unknown_spacing_is_said_to_be_unknown() -> None:
    header = read(nifti(labels())).header
    assert header.get_zooms() == (1.0, 1.0, 1.0)
    assert header.get_xyzt_units()[0] == "unknown"


@pytest.mark.parametrize("spacing", [None, (0.1, 0.1)])
def test_same_labels_give_the_same_bytes(spacing: tuple[float, float] | None) -> None:
    assert nifti(labels(), spacing_mm=spacing) == nifti(labels(), spacing_mm=spacing)
