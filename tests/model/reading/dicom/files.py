"""Generated DICOM files."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

PATIENT = "Secret^Name"


def chest(bits: int = 12, height: int = 40, width: int = 56) -> NDArray[np.uint16]:
    """Stored values ``(height, width)`` over the whole range of ``bits``, no two rows or columns alike."""
    picture = np.add.outer(np.arange(height) * 3.0, np.arange(width))
    stored: NDArray[np.uint16] = np.rint(picture / picture.max() * (2**bits - 1)).astype(np.uint16)
    return stored


def dataset(
    pixels: NDArray[Any],
    *,
    bits: int | None = None,
    photometric: str | None = None,
    syntax: UID = ExplicitVRLittleEndian,
    frame: bytes | None = None,
    **attributes: Any,
) -> Dataset:
    """A CR image of ``pixels`` ``(rows, columns[, 3])``.

    Args:
        pixels: stored values, signed or not; the container is that of their type.
        bits: bits stored; None takes all.
        photometric: None takes MONOCHROME2, or RGB.
        syntax: the transfer syntax.
        frame: the compressed frame, where the syntax is one of these.
        attributes: replace the others; None takes one out.
    """
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.SOPClassUID = ComputedRadiographyImageStorage
    made.SOPInstanceUID = generate_uid(entropy_srcs=["a radiograph"])
    made.PatientName = PATIENT
    made.PatientID = "4711"
    made.Modality = "CR"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    made.PhotometricInterpretation = photometric or ("MONOCHROME2" if pixels.ndim == 2 else "RGB")
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.BitsAllocated = 8 * pixels.dtype.itemsize
    made.BitsStored = bits or made.BitsAllocated
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    if frame is None:
        little = syntax != ExplicitVRBigEndian
        data = pixels.astype(pixels.dtype.newbyteorder("<" if little else ">")).tobytes()
        made.PixelData = data + b"\x00" * (len(data) % 2)
    else:
        made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB" if made.BitsAllocated == 8 and syntax != ImplicitVRLittleEndian else "OW"
    if frame is not None:
        made["PixelData"].VR = "OB"
        made["PixelData"].is_undefined_length = True
    for keyword, value in attributes.items():
        if value is None:
            del made[keyword]
        else:
            setattr(made, keyword, value)
    return made


def written(made: Dataset) -> bytes:
    """The bytes of the file."""
    file = io.BytesIO()
    made.preamble = bytes(128)
    if "SOPClassUID" in made:
        made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3")
    dcmwrite(file, made, enforce_file_format="SOPClassUID" in made)
    return file.getvalue()


def dicom(pixels: NDArray[Any], **options: Any) -> bytes:
    """The bytes of a file of `dataset`."""
    return written(dataset(pixels, **options))


def compressed(pixels: NDArray[Any], syntax: UID, **options: Any) -> Dataset:
    """A CR image that pydicom's encoders compress."""
    made = dataset(pixels, **options)
    made.compress(syntax, generate_instance_uid=False)
    return made
