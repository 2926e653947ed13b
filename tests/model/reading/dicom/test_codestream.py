"""The codec is detected from the codestream, whatever the transfer syntax declares."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom import uid as uids
from pydicom.encaps import encapsulate

from model.errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from model.reading import read

from ..pictures import noise, saved
from .codestreams import SYNTAXES, flat_jpeg, frame
from .files import chest, dataset, dicom, written
from .lossless_jpeg import lossless_jpeg
from .test_syntaxes import spread

DECLARED = (
    uids.RLELossless,
    uids.JPEGBaseline8Bit,
    uids.JPEGExtended12Bit,
    uids.JPEGLossless,
    uids.JPEGLosslessSV1,
    uids.JPEGLSLossless,
    uids.JPEGLSNearLossless,
    uids.JPEG2000Lossless,
    uids.JPEG2000,
)
NATIVE = (uids.ExplicitVRLittleEndian, uids.ImplicitVRLittleEndian, uids.DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize("declared", [*DECLARED, *NATIVE], ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("kind", SYNTAXES)
def test_codec_is_detected_despite_a_wrong_transfer_syntax(kind: str, declared: uids.UID) -> None:
    stored = chest(12)
    data = dicom(stored, bits=12, syntax=declared, frame=frame(stored, kind, bits=12))
    np.testing.assert_array_equal(read(data).pixels, spread(stored))


@pytest.mark.parametrize("declared", [*DECLARED, *NATIVE], ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("bits", [8, 12])
def test_lossy_jpeg_is_read_despite_a_wrong_transfer_syntax(
    bits: int, progressive: bool, declared: uids.UID
) -> None:
    blocks = (np.arange(36).reshape(6, 6) * (80 if bits == 12 else 5)).astype(np.int64)
    stored = np.kron(blocks, np.ones((8, 8), np.int64)).astype(np.uint8 if bits == 8 else np.uint16)
    if bits == 8:
        compressed = saved(stored, "JPEG", quality=100, progressive=progressive)
    else:
        compressed = flat_jpeg(blocks, bits=12, progressive=progressive)
    data = dicom(stored, bits=bits, syntax=declared, frame=compressed)
    assert np.abs(read(data).pixels.astype(int) - spread(stored)).max() <= 2 * 65535 / stored.max()


@pytest.mark.parametrize("declared", DECLARED, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("colours", [False, True])
def test_uncompressed_pixels_are_read_despite_an_encapsulated_syntax(
    colours: bool, declared: uids.UID
) -> None:
    stored: NDArray[Any] = chest(12)
    made = dataset(np.dstack([stored] * 3) if colours else stored, bits=12)
    made.file_meta.TransferSyntaxUID = declared
    assert _pixels(_as_it_is(made)) == _pixels(dicom(np.dstack([stored] * 3) if colours else stored, bits=12))


@pytest.mark.parametrize(
    "declared", [uids.ExplicitVRLittleEndian, uids.JPEGBaseline8Bit, uids.JPEGLSLossless]
)
@pytest.mark.parametrize("kind", ["jpeg_lossless", "jpeg_ls", "jpeg_2000"])
@pytest.mark.parametrize("fragments", [False, True])
def test_codestream_with_a_defined_length_is_read(kind: str, fragments: bool, declared: uids.UID) -> None:
    stored = chest(12)
    compressed = frame(stored, kind, bits=12)
    made = dataset(stored, bits=12)
    made.file_meta.TransferSyntaxUID = declared
    made.PixelData = encapsulate([compressed]) if fragments else compressed + b"\x00" * (len(compressed) % 2)
    np.testing.assert_array_equal(read(_as_it_is(made)).pixels, spread(stored))


def _as_it_is(made: Dataset) -> bytes:
    """The file with its pixels as uncompressed ones are written, whatever the transfer syntax says."""
    declared = made.file_meta.TransferSyntaxUID
    made.file_meta.TransferSyntaxUID = uids.ExplicitVRLittleEndian
    placeholder = "1.2.840.10008.1.2.1"
    data = written(made)
    # A transfer syntax of another length moves what follows and the group's length.
    at = data.index(placeholder.encode())
    old, new = placeholder.encode() + b"\x00", str(declared).encode()
    new += b"\x00" * (len(new) % 2)
    length = int.from_bytes(data[140:144], "little") + len(new) - len(old)
    return (
        data[:140]
        + length.to_bytes(4, "little")
        + data[144 : at - 2]
        + len(new).to_bytes(2, "little")
        + new
        + data[at + len(old) :]
    )


def _pixels(data: bytes) -> list[int]:
    pixels: list[int] = read(data).pixels.ravel().tolist()
    return pixels


@pytest.mark.parametrize("allocated", [8, 16])
def test_rle_of_another_depth_than_allocated(allocated: int) -> None:
    stored = chest(8).astype(np.uint8 if allocated == 16 else np.uint16)
    data = dicom(
        stored,
        BitsAllocated=allocated,
        BitsStored=8,
        HighBit=7,
        syntax=uids.RLELossless,
        frame=frame(stored, "rle"),
    )
    np.testing.assert_array_equal(read(data).pixels, spread(stored))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"])
def test_progressive_jpeg_with_its_transfer_syntax_is_read(syntax: str) -> None:
    stored = np.kron(np.arange(36).reshape(6, 6) * 5, np.ones((8, 8))).astype(np.uint8)
    compressed = saved(stored, "JPEG", quality=100, progressive=True)
    data = dicom(stored, syntax=uids.UID(syntax), frame=compressed)
    assert np.abs(read(data).pixels.astype(int) - spread(stored)).max() <= 2 * 257


@pytest.mark.parametrize("declared", DECLARED, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize(
    "other", [b"\x89PNG\r\n\x1a\n", b"\x00\x00\x01\xba", b"GIF89a", b"\x00" * 8, b"\x05"]
)
def test_bytes_of_no_known_codec_are_rejected(other: bytes, declared: uids.UID) -> None:
    data = dicom(noise(), syntax=declared, frame=other + noise().tobytes()[:1000])
    with pytest.raises(UnreadableImage, match="transfer syntax is wrong"):
        read(data)


@pytest.mark.parametrize("process", [0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_kinds_of_jpeg_that_are_not_read_are_named(process: int) -> None:
    stored = noise()
    compressed = saved(stored, "JPEG")
    compressed = compressed.replace(b"\xff\xc0", bytes([0xFF, process]), 1)
    with pytest.raises(UnsupportedImage, match="arithmetic or hierarchical"):
        read(dicom(stored, syntax=uids.JPEGBaseline8Bit, frame=compressed))


@pytest.mark.parametrize("attributes", [{"Rows": 47}, {"Columns": 65}])
@pytest.mark.parametrize("kind", ["jpeg_lossless", "jpeg_ls", "jpeg_2000"])
def test_contradictory_sizes_are_named(kind: str, attributes: dict[str, int]) -> None:
    data = dicom(noise(), syntax=SYNTAXES[kind], frame=frame(noise(), kind), **attributes)
    with pytest.raises(UnreadableImage, match="Rows, Columns or SamplesPerPixel"):
        read(data)


def test_progressive_jpeg_of_very_many_scans_is_rejected() -> None:
    stored = np.zeros((4000, 4000), np.uint8)
    compressed = saved(stored, "JPEG", progressive=True)
    scan = compressed.rindex(b"\xff\xda")
    compressed = compressed[:scan] + compressed[scan:-2] * 40 + b"\xff\xd9"
    with pytest.raises(ImageTooLarge, match="progressive"):
        read(dicom(stored, syntax=uids.JPEGBaseline8Bit, frame=compressed))


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_codestream_under_another_name_is_still_checked(cut: float) -> None:
    compressed = lossless_jpeg(noise(), bits=8)
    data = dicom(noise(), syntax=uids.JPEGBaseline8Bit, frame=compressed[: int(cut * len(compressed))])
    with pytest.raises(UnreadableImage):
        read(data)
