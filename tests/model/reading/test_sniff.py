import pytest

from model.errors import UnreadableImage, UnsupportedImage
from model.reading import read, read_ground_truth, read_mask
from model.reading.sniff import sniff

from .dicom.files import chest, dicom
from .pictures import ramp, saved


@pytest.mark.parametrize(
    ("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg"), ("TIFF", "tiff"), ("BMP", "bmp"), ("WEBP", "webp")]
)
def test_a_format_is_told_by_its_bytes(kind: str, name: str) -> None:
    data = saved(ramp(), kind)
    assert sniff(data) == name
    assert read(data).format == name


def test_dicom_is_told_with_and_without_its_preamble() -> None:
    data = dicom(chest())
    assert sniff(data) == "dicom"
    assert sniff(data[132:]) == "dicom"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(ramp(), "GIF"), id="gif"),
        pytest.param(saved(ramp(), "AVIF"), id="avif"),
        pytest.param(saved(ramp(), "JPEG2000"), id="jpeg 2000"),
        pytest.param(saved(ramp(), "JPEG2000", no_jp2=True), id="jpeg 2000 codestream"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"<!doctype html><title>x</title>", id="html"),
        pytest.param(b"BMW and other words that begin like a bitmap", id="text"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVEfmt ", id="sound"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(bytes(4096), id="zeros"),
        pytest.param(b"\x08\x00nothing of DICOM", id="group 8"),
    ],
)
def test_other_types_are_refused(data: bytes) -> None:
    for reader in (read, read_mask):
        with pytest.raises(UnsupportedImage, match="send PNG, JPEG"):
            reader(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(saved(ramp(), "GIF"), "a GIF", id="gif"),
        pytest.param(saved(ramp(), "AVIF"), "an AVIF", id="avif"),
        pytest.param(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "a HEIC", id="heic"),
        pytest.param(saved(ramp(), "JPEG2000"), "a JPEG 2000 file", id="jpeg 2000"),
        pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
        pytest.param(b"\x93NUMPY\x01\x00", "a NumPy array", id="npy"),
        pytest.param(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "an AppleDouble file", id="appledouble"),
    ],
)
def test_a_type_that_is_not_read_is_named(data: bytes, name: str) -> None:
    for reader in (read, read_ground_truth):
        with pytest.raises(UnsupportedImage, match=f"This is {name}.*none of the types that are read"):
            reader(data)


@pytest.mark.parametrize("data", [b"", b"\x89", b"\x89PN", b"\xff\xd8", b"II*"])
def test_what_ends_within_a_signature_is_not_whole(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        read(data)
