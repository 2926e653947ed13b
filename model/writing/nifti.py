"""Labels as NIfTI, for tools for medical volumes."""

import gzip

import numpy as np
from numpy.typing import NDArray

from ..quality import Quality
from .trust import trust_fields

_DESCRIPTION_BYTES = 80


def nifti(
    labels: NDArray[np.uint8],
    *,
    spacing_mm: tuple[float, float] | None = None,
    quality: Quality | None = None,
) -> bytes:
    """Return the labels as a gzipped NIfTI-1 volume (``.nii.gz``) of one slice.

    The first axis is the image's columns, the second its rows, the third the one slice. The affine treats
    a PA view as a coronal slice seen from the front in RAS+ space: columns run to the patient's left
    (−x), rows to the feet (−z), and the slice is at y = 0 with the first pixel at the origin. Mirrored or
    rotated views have the same affine.

    Args:
        labels: ``(height, width)`` uint8 as of `label_lungs`.
        spacing_mm: Pixel spacing ``(row, column)``; if unknown, 1 mm is used, and the header's unit is
            unknown.
        quality: The mask's quality, for the header's description of at most 80 characters.
    """
    from nibabel import Nifti1Image

    row, column = spacing_mm or (1.0, 1.0)
    affine = np.array(
        [[-column, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, -row, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    )
    image = Nifti1Image(labels.T[:, :, None], affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm" if spacing_mm else "unknown")  # type: ignore[no-untyped-call]
    if quality is not None:
        words = "; ".join(f"{name}: {value}" for name, value in trust_fields(quality).items())
        image.header["descrip"] = words[:_DESCRIPTION_BYTES].encode("ascii")
    return gzip.compress(image.to_bytes(), compresslevel=4, mtime=0)
