"""Every transfer syntax gives back the stored values."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom import uid as uids
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, get_frame

from model.errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from model.reading import read, read_mask

from ..pictures import ramp, saved
from .files import chest, compressed, dataset, dicom, written
from .lossless_jpeg import lossless_jpeg

NATIVE = (
    uids.ImplicitVRLittleEndian,
    uids.ExplicitVRLittleEndian,
    uids.ExplicitVRBigEndian,
    uids.DeflatedExplicitVRLittleEndian,
)
ENCODED = (uids.RLELossless, uids.JPEGLSLossless, uids.JPEG2000Lossless)


def spread(stored: NDArray[Any]) -> NDArray[np.uint16]:
    """Stored values over the full range of 16 bits."""
    values = stored.astype(np.float64)
    whole: NDArray[np.uint16] = np.rint((values - values.min()) / np.ptp(values) * 65535).astype(np.uint16)
    return whole


def stored_values(bits: int) -> NDArray[Any]:
    """A chest in a container of 8 or 16 bits."""
    return chest(bits).astype(np.uint8) if bits == 8 else chest(bits)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", NATIVE, ids=lambda uid: uid.keyword)
def test_native(syntax: uids.UID, bits: int) -> None:
    stored = stored_values(bits)
    radiograph = read(dicom(stored, bits=bits, syntax=syntax))
    assert radiograph.format == "dicom"
    assert radiograph.pixels.dtype == np.uint16
    assert (radiograph.width, radiograph.height) == stored.shape[::-1]
    np.testing.assert_array_equal(radiograph.pixels, spread(stored))
    np.testing.assert_array_equal(read_mask(dicom(stored, bits=bits, syntax=syntax)), stored > 0)


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda uid: uid.keyword)
def test_odd_number_of_bytes(syntax: uids.UID) -> None:
    stored = chest(8, 17, 19).astype(np.uint8)
    np.testing.assert_array_equal(read(dicom(stored, syntax=syntax)).pixels, spread(stored))


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", ENCODED, ids=lambda uid: uid.keyword)
def test_lossless_codecs(syntax: uids.UID, bits: int) -> None:
    stored = stored_values(bits)
    data = written(compressed(stored, syntax, bits=bits))
    np.testing.assert_array_equal(read(data).pixels, spread(stored))
    np.testing.assert_array_equal(read_mask(data), stored > 0)


@pytest.mark.parametrize("syntax", [uids.ExplicitVRLittleEndian, *ENCODED], ids=lambda uid: uid.keyword)
def test_signed_values(syntax: uids.UID) -> None:
    stored = (chest(12).astype(np.int32) - 2048).astype(np.int16)
    made = dataset(stored, bits=12)
    if syntax != uids.ExplicitVRLittleEndian:
        made = compressed(stored, syntax, bits=12)
    np.testing.assert_array_equal(read(written(made)).pixels, spread(stored))


@pytest.mark.parametrize("predictor", range(1, 8))
def test_lossless_jpeg_by_every_predictor(predictor: int) -> None:
    stored = chest(12)
    syntax = uids.JPEGLosslessSV1 if predictor == 1 else uids.JPEGLossless
    frame = lossless_jpeg(stored, bits=12, predictor=predictor)
    np.testing.assert_array_equal(
        read(dicom(stored, bits=12, syntax=syntax, frame=frame)).pixels, spread(stored)
    )


@pytest.mark.parametrize("bits", [8, 16])
def test_lossless_jpeg_of_other_depths(bits: int) -> None:
    stored = stored_values(bits)
    frame = lossless_jpeg(stored, bits=bits)
    data = dicom(stored, syntax=uids.JPEGLosslessSV1, frame=frame)
    np.testing.assert_array_equal(read(data).pixels, spread(stored))


def test_lossless_jpeg_of_eight_bits_in_a_container_of_sixteen() -> None:
    stored = chest(8)
    frame = lossless_jpeg(stored, bits=8)
    data = dicom(stored, bits=8, syntax=uids.JPEGLosslessSV1, frame=frame)
    np.testing.assert_array_equal(read(data).pixels, spread(stored))


@pytest.mark.parametrize(
    "syntax", [uids.JPEGBaseline8Bit, uids.JPEGExtended12Bit], ids=lambda uid: uid.keyword
)
def test_lossy_jpeg(syntax: uids.UID) -> None:
    frame = saved(ramp(), "JPEG", quality=95)
    pixels = read(dicom(ramp(), syntax=syntax, frame=frame)).pixels
    assert np.abs(pixels.astype(int) - spread(ramp())).max() <= 8 * 262


def test_twelve_bit_jpeg() -> None:
    mask = read_mask(Path(str(get_testdata_file("JPGExtended.dcm"))))
    assert mask.shape == (1024, 256)
    assert mask.any()


def test_near_lossless_jpeg_ls() -> None:
    stored = chest(12)
    made = dataset(stored, bits=12)
    made.compress(uids.JPEGLSNearLossless, jls_error=2, generate_instance_uid=False)
    pixels = read(written(made)).pixels.astype(float) / 65535 * 4095
    assert np.abs(pixels - stored).max() <= 5


def test_lossy_jpeg_2000() -> None:
    stored = chest(12)
    made = dataset(stored, bits=12)
    made.compress(uids.JPEG2000, j2k_cr=[2], generate_instance_uid=False)
    pixels = read(written(made)).pixels.astype(float) / 65535 * 4095
    assert np.abs(pixels - stored).max() <= 60


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_native_colours(planar: int, photometric: str) -> None:
    picture = np.dstack([ramp(), ramp(), ramp()])
    stored = picture if photometric == "RGB" else np.dstack([ramp(), np.full_like(picture[..., 1:], 128)])
    arranged = (
        stored if planar == 0 else np.ascontiguousarray(stored.transpose(2, 0, 1)).reshape(stored.shape)
    )
    radiograph = read(dicom(arranged, photometric=photometric, PlanarConfiguration=planar))
    assert np.abs(radiograph.pixels.astype(int) - ramp()).max() <= 1
    assert radiograph.applied == ("grey",)


@pytest.mark.parametrize("bits", [12, 16])
def test_native_colours_of_16_bits(bits: int) -> None:
    luma = ramp().astype(np.uint16) * (2**bits // 256)
    stored = np.dstack([luma, np.full_like(luma, 2 ** (bits - 1)), np.full_like(luma, 2 ** (bits - 1))])
    np.testing.assert_allclose(read(dicom(stored, bits=bits, photometric="YBR_FULL")).pixels, luma, atol=1)
    red = np.broadcast_to(np.array([200, 128, 255]) * (2**bits // 256), (48, 48, 3)).astype(np.uint16)
    pixels = read(dicom(red, bits=bits, photometric="YBR_FULL")).pixels
    # Red is clipped, green is what is left.
    assert abs(int(pixels[0, 0]) / (2**bits / 256) - (0.299 * 255 + 0.587 * 109.3 + 0.114 * 200)) < 1


def test_native_subsampled_colours() -> None:
    made = dataset(np.dstack([ramp()] * 3), photometric="YBR_FULL_422")
    pairs = ramp().reshape(-1, 2)
    made.PixelData = np.column_stack([pairs, np.full_like(pairs, 128)]).tobytes()
    assert np.abs(read(written(made)).pixels.astype(int) - ramp()).max() <= 1


@pytest.mark.parametrize("syntax", ENCODED, ids=lambda uid: uid.keyword)
def test_encoded_colours(syntax: uids.UID) -> None:
    made = compressed(np.dstack([ramp()] * 3), syntax)
    assert np.abs(read(written(made)).pixels.astype(int) - ramp()).max() <= 1


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_FULL"])
def test_jpeg_colours(photometric: str) -> None:
    colours = np.zeros((48, 48, 3), np.uint8)
    colours[:24, :, 0] = colours[24:, :, 1] = 200
    frame = saved(colours, "JPEG", quality=95, subsampling=0 if photometric == "YBR_FULL" else 1)
    pixels = read(dicom(colours, photometric=photometric, syntax=uids.JPEGBaseline8Bit, frame=frame)).pixels
    assert abs(int(pixels[8, 20]) - 60) <= 3
    assert abs(int(pixels[40, 20]) - 117) <= 3


def test_palette_colours() -> None:
    indices = (ramp() // 8).astype(np.uint8)
    made = dataset(indices, photometric="PALETTE COLOR", SOPClassUID=uids.SecondaryCaptureImageStorage)
    for channel in ("Red", "Green", "Blue"):
        setattr(made, f"{channel}PaletteColorLookupTableDescriptor", [32, 0, 16])
        table = (np.arange(32) * 2000).astype("<u2")
        setattr(made, f"{channel}PaletteColorLookupTableData", table.tobytes())
    data = written(made)
    assert np.abs(read(data).pixels.astype(int) - indices.astype(int) * 2000).max() <= 1
    np.testing.assert_array_equal(read_mask(data), indices > 0)


def test_frame_in_fragments() -> None:
    stored = chest(12)
    made = compressed(stored, uids.JPEGLSLossless, bits=12)
    frame = get_frame(made.PixelData, 0)
    made.PixelData = encapsulate([frame], fragments_per_frame=3, has_bot=False)
    np.testing.assert_array_equal(read(written(made)).pixels, spread(stored))


def test_values_above_the_stored_bits_are_cut() -> None:
    stored = chest(12)
    with_overlay = stored | np.uint16(0x8000)
    np.testing.assert_array_equal(read(dicom(with_overlay, bits=12)).pixels, spread(stored))


@pytest.mark.parametrize("syntax", NATIVE[:2], ids=lambda uid: uid.keyword)
def test_file_without_preamble_or_meta(syntax: uids.UID) -> None:
    stored = chest(12)
    data = dicom(stored, bits=12, syntax=syntax)
    np.testing.assert_array_equal(read(data[132:]).pixels, spread(stored))
    length = int.from_bytes(data[140:144], "little")
    bare = data[144 + length :]
    assert bare.startswith(b"\x08\x00")
    np.testing.assert_array_equal(read(bare).pixels, spread(stored))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.113619.5.2", "1.2.3"])
def test_other_syntaxes_are_named_unsupported(syntax: str) -> None:
    made = dataset(chest(), bits=12)
    data = written(made).replace(b"1.2.840.10008.1.2.1\x00", syntax.encode().ljust(20, b"\x00")[:20])
    if len(syntax) > 20:
        made.file_meta.TransferSyntaxUID = uids.UID(syntax)
        made.PixelData = encapsulate([b"\x00\x00"])
        made["PixelData"].is_undefined_length = True
        data = written(made)
    with pytest.raises(UnsupportedImage, match="transfer syntax"):
        read(data)


def test_deflated_bomb_is_rejected() -> None:
    made = dataset(chest(), bits=12, syntax=uids.DeflatedExplicitVRLittleEndian)
    made.PixelData = bytes(40_000_000)
    data = written(made)
    assert len(data) < 100_000
    with pytest.raises(ImageTooLarge):
        read(data, max_pixels=10_000)


def test_deflated_file_cut_off_is_rejected() -> None:
    data = dicom(chest(), bits=12, syntax=uids.DeflatedExplicitVRLittleEndian)
    with pytest.raises(UnreadableImage):
        read(data[:-40])


@pytest.mark.parametrize("syntax", [*NATIVE, *ENCODED], ids=lambda uid: uid.keyword)
def test_headers_come_along_without_the_pixels(syntax: uids.UID) -> None:
    made = (
        dataset(chest(), bits=12, syntax=syntax) if syntax in NATIVE else compressed(chest(), syntax, bits=12)
    )
    headers = read(written(made)).dataset
    assert isinstance(headers, Dataset)
    assert "PixelData" not in headers
    assert headers.SOPInstanceUID == made.SOPInstanceUID
    assert headers.PatientID == "4711"
    assert headers.file_meta.TransferSyntaxUID == syntax


def test_opencv_and_pydicom_agree_on_a_baseline_jpeg() -> None:
    frame = saved(ramp(), "JPEG")
    decoded: Any = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_GRAYSCALE)
    data = dicom(ramp(), syntax=uids.JPEGBaseline8Bit, frame=frame)
    assert np.abs(read(data).pixels.astype(int) - spread(decoded)).max() <= 257
