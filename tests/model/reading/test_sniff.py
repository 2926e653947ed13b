import base64
import gzip
import struct
import tarfile
import zipfile
from io import BytesIO

import pytest

from model.errors import UnreadableImage, UnsupportedImage
from model.reading import read, read_ground_truth, read_mask
from model.reading.sniff import sniff

from .dicom.files import chest, dicom
from .pictures import ramp, saved


@pytest.mark.parametrize(
    ("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg"), ("TIFF", "tiff"), ("BMP", "bmp"), ("WEBP", "webp")]
)
def test_format_is_detected_from_its_bytes(kind: str, name: str) -> None:
    data = saved(ramp(), kind)
    assert sniff(data) == name
    assert read(data).format == name


def test_dicom_is_detected_with_and_without_its_preamble() -> None:
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
def test_other_types_are_rejected(data: bytes) -> None:
    for reader in (read, read_mask):
        with pytest.raises(UnsupportedImage, match="send PNG, JPEG"):
            reader(data)


def brands(*names: bytes) -> bytes:
    """The beginning of an ISO base media file: its brand, and those that it is compatible with."""
    box = b"ftyp" + names[0] + bytes(4) + b"".join(names[1:])
    return (4 + len(box)).to_bytes(4, "big") + box + bytes(64)


def nifti(order: str) -> bytes:
    """The header of a NIfTI file."""
    return struct.pack(order + "I", 348) + bytes(340) + b"n+1\x00"


def zipped() -> bytes:
    """An archive with a file in it."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", saved(ramp(), "PNG"))
    return file.getvalue()


def tarred() -> bytes:
    """An archive with a file in it."""
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.png"))
    return file.getvalue()


PNG = saved(ramp(), "PNG")


@pytest.mark.parametrize(
    ("data", "name", "advice"),
    [
        (saved(ramp(), "GIF"), "a GIF", "save the image with another program"),
        (saved(ramp(), "AVIF"), "an AVIF", "save"),
        (saved(ramp(), "ICO"), "a Windows icon", "save"),
        (saved(ramp(), "PPM"), "a PGM", "save"),
        (b"P5 64 48 65535\n" + bytes(99), "a PGM", "save"),
        (b"P2\n2 2\n255\n0 1 2 3\n", "a PGM", "save"),
        (brands(b"heic"), "a HEIC", "save"),
        (brands(b"mif1", b"mif1", b"heic"), "a HEIC", "save"),
        (brands(b"mif1", b"mif1", b"avif"), "an AVIF", "save"),
        (brands(b"mif1", b"miaf"), "a HEIF", "save"),
        (brands(b"isom", b"mp42"), "a video", "save"),
        (saved(ramp(), "JPEG2000"), "a JPEG 2000 file", "save"),
        (b"\xff\n" + bytes(99), "a JPEG XL", "save"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL", "save"),
        (b"%PDF-1.7", "a PDF", "take the image out of it"),
        (zipped(), "a ZIP archive", "unpack it"),
        (tarred(), "a tar archive", "unpack it"),
        (gzip.compress(PNG), "a gzip file", "unpack it"),
        (b"\x93NUMPY\x01\x00", "a NumPy array", "write the radiograph as an image"),
        (nifti("<"), "a NIfTI file", "write the radiograph"),
        (nifti(">"), "a NIfTI file", "write the radiograph"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG", "save"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "an SVG", "save"),
        (b"<!DOCTYPE html><title>404</title>", "a web page", "look at what you downloaded"),
        (b"\n<html><body>502</body></html>", "a web page", "look at what you downloaded"),
        (b'{"image": "iVBORw0KGgo="}', "JSON", "take the image out of it"),
        (b"[[0, 0], [0, 1]]", "JSON", "take the image out of it"),
        (base64.b64encode(PNG), "base64 of a PNG", "decode it"),
        (base64.b64encode(saved(ramp(), "JPEG")), "base64 of a JPEG", "decode it"),
        (b"data:image/png;base64,iVBORw0KGgo=", "a data URL", "decode it"),
        (PNG.decode("latin-1").encode(), "a PNG that was encoded as text", "send it as binary"),
        (PNG.replace(b"\r\n", b"\n"), "a PNG that lost bytes", "send it as binary"),
        (b"Report: no finding.", "text", "look at what you downloaded"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS", "fetch the file"),
        (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "an AppleDouble file", "leave it out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_type_that_is_not_read_is_named_with_what_to_do(data: bytes, name: str, advice: str) -> None:
    for reader in (read, read_ground_truth):
        with pytest.raises(
            UnsupportedImage,
            match=f"This is {name}.*none of the types that are read: {advice}.*, and send PNG, JPEG, TIFF",
        ):
            reader(data)


@pytest.mark.parametrize("data", [b"", b"\x89", b"\x89PN", b"\xff\xd8", b"II*"])
def test_file_that_ends_within_its_signature_is_truncated(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        read(data)
