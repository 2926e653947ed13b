"""DICOM files for the archive: synthetic radiographs, and files that are not radiographs."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, SecondaryCaptureImageStorage, generate_uid

from tests.app.fakes import dicom, picture

PATIENT = ("DOE", "JANE", "19700101")
"""What of the patient is in every file, and may be nowhere else."""


def radiograph(pixels: NDArray[np.uint8] | None = None, **attributes: Any) -> bytes:
    """A DX image with a dark rectangle, or of ``pixels``; ``attributes`` override, None removes one."""
    dataset = read(dicom(picture() if pixels is None else pixels))
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return written(dataset)


SIDE = 256
"""Pixels of a film's side."""


def film(**attributes: Any) -> bytes:
    """A bright film with two dark lungs."""
    pixels = np.full((SIDE, SIDE), 200, np.uint8)
    pixels[60:200, 40:110] = pixels[90:220, 150:220] = 40
    if attributes.get("PhotometricInterpretation") == "MONOCHROME1":
        pixels = 255 - pixels
    return radiograph(pixels, ViewPosition="PA", PatientOrientation=["L", "F"], **attributes)


def in_colour(data: bytes) -> bytes:
    """The same as a Secondary Capture in RGB."""
    dataset = read(data)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.Modality, dataset.ConversionType = "OT", "WSD"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel, dataset.PlanarConfiguration = "RGB", 3, 0
    dataset.PixelData = np.repeat(np.frombuffer(dataset.PixelData, np.uint8), 3).tobytes()
    return written(dataset)


def broken() -> bytes:
    """A radiograph with fewer pixels than it announces."""
    dataset = read(dicom(picture()))
    dataset.PixelData = dataset.PixelData[:100]
    return written(dataset)


def slice_of_ct() -> bytes:
    """A CT image."""
    return radiograph(SOPClassUID=CTImageStorage, Modality="CT")


def uids() -> dict[str, Any]:
    """Another study, series and instance."""
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return {name: str(generate_uid()) for name in names}


def in_one_series(*attributes: dict[str, Any]) -> list[bytes]:
    """Radiographs of one series, with these attributes each."""
    place: dict[str, Any] = uids()
    return [radiograph(**(place | {"SOPInstanceUID": generate_uid()} | own)) for own in attributes]


def read(data: bytes) -> Dataset:
    return dcmread(BytesIO(data))


def written(dataset: Dataset) -> bytes:
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()
