"""Files that Hypothesis generates: valid in form, unusual in content."""

from __future__ import annotations

import io
import struct
import zlib

from hypothesis import strategies as st
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from tests.model.reading.pictures import png_chunk

_SIDES = st.one_of(st.integers(0, 70), st.sampled_from((255, 256, 10_001, 65_535)))
_BYTES = st.binary(max_size=6000)
_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    JPEG2000,
)


@st.composite
def pngs(draw: st.DrawFn) -> bytes:
    """Chunks with correct lengths and checksums."""
    numbers = (0, 1, 2, 3, 4, 6, 8, 16)
    header = struct.pack(
        ">IIBBBBB",
        draw(st.one_of(_SIDES, st.integers(0, 2**32 - 1))),
        draw(st.one_of(_SIDES, st.integers(0, 2**32 - 1))),
        *(draw(st.sampled_from(numbers)) for _ in range(2)),
        0,
        0,
        draw(st.integers(0, 2)),
    )
    kinds = st.sampled_from((b"PLTE", b"tRNS", b"gAMA", b"iCCP", b"eXIf", b"zTXt", b"IDAT", b"acTL", b"IHDR"))
    extra = draw(st.lists(st.tuples(kinds, st.binary(max_size=800)), max_size=4))
    rows = draw(_BYTES) * draw(st.sampled_from((1, 1, 30)))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


@st.composite
def dicoms(draw: st.DrawFn) -> bytes:
    """DICOM files whose attributes contradict one another."""
    syntax = draw(st.sampled_from(_SYNTAXES))
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = UID("1.2.3")
    made.SOPClassUID = DigitalXRayImageStorageForPresentation
    made.PatientName, made.Modality = "DOE^JANE", draw(st.sampled_from(("DX", "CR", "CT", "", "SEG")))
    made.Rows, made.Columns = draw(_SIDES), draw(_SIDES)
    made.BitsAllocated = draw(st.sampled_from((8, 16, 1, 12, 32, 64, 0, 24)))
    made.BitsStored, made.HighBit = draw(st.integers(0, 33)), draw(st.integers(0, 33))
    made.PixelRepresentation = draw(st.integers(0, 2))
    made.SamplesPerPixel = draw(st.sampled_from((1, 1, 1, 3, 0, 4, 65_535)))
    made.PhotometricInterpretation = draw(
        st.sampled_from(("MONOCHROME2", "MONOCHROME1", "RGB", "PALETTE COLOR", "YBR_FULL_422", "", "X"))
    )
    frames = draw(st.sampled_from((None, None, 0, 1, 2, 2**31 - 1)))
    if frames is not None:
        made.NumberOfFrames = frames
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        number = draw(st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False))
        if number is not None:
            setattr(made, keyword, f"{number:.9g}"[:16])
    if draw(st.booleans()):
        made.PixelSpacing = [f"{draw(st.floats(-1, 1e6)):.6g}"[:16], "0.1"]
    pixels = draw(_BYTES) * draw(st.sampled_from((1, 1, 4)))
    if syntax.is_encapsulated:
        made.PixelData = encapsulate([pixels or b"\0\0"] * draw(st.integers(1, 3)))
        made["PixelData"].is_undefined_length = True
    else:
        made.PixelData = pixels + b"\0" * (len(pixels) % 2)
    made["PixelData"].VR = "OB" if syntax.is_encapsulated else "OW"
    file = io.BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


files = st.one_of(pngs(), dicoms(), st.binary(max_size=3000))
"""Any of them, or rubbish."""
