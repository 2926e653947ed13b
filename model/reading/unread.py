"""Recognition of unsupported file types, and advice on them."""

from __future__ import annotations

import re

_CONVERT = "save the image with another program, and"
_UNPACK = "unpack it, and"
_EXPORT = "take the image out of it, and"
_VOLUME = "write the radiograph as an image, and"
_ADDRESS = "look at what you downloaded, and"
_DECODE = "decode it to the bytes of the file, and"

_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"GIF8", "a GIF", _CONVERT),
    (4, b"jP  \r\n", "a JPEG 2000 file", _CONVERT),
    (0, b"\xffO\xffQ", "a JPEG 2000 file", _CONVERT),
    (4, b"JXL \r\n", "a JPEG XL", _CONVERT),
    (0, b"\xff\n", "a JPEG XL", _CONVERT),
    (0, b"II\xbc\x01", "a JPEG XR", _CONVERT),
    (0, b"8BPS", "a Photoshop file", _CONVERT),
    (0, b"\x00\x00\x01\x00", "a Windows icon", _CONVERT),
    (0, b"\n\x05\x01", "a PCX", _CONVERT),
    (0, b"v/1\x01", "an OpenEXR file", _CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR", _CONVERT),
    (0, b"%PDF", "a PDF", _EXPORT),
    (0, b"%!PS", "a PostScript file", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0", "a document of Microsoft Office", _EXPORT),
    (0, b"{\\rtf", "a document", _EXPORT),
    (0, b"\x1f\x8b", "a gzip file", _UNPACK),
    (0, b"PK\x03\x04", "a ZIP archive", _UNPACK),
    (0, b"PK\x05\x06", "an empty ZIP archive", ""),
    (0, b"BZh", "a bzip2 file", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x93NUMPY", "a NumPy array", _VOLUME),
    (0, b"NRRD", "an NRRD file", _VOLUME),
    (344, b"n+1\x00", "a NIfTI file", _VOLUME),
    (344, b"ni1\x00", "a NIfTI file", _VOLUME),
    (0, b"\x5c\x01\x00\x00", "a NIfTI file", _VOLUME),
    (0, b"\x00\x00\x01\x5c", "a NIfTI file", _VOLUME),
    (4, b"n+2\x00", "a NIfTI file", _VOLUME),
    (0, b"ObjectType", "a MetaImage", _VOLUME),
    (0, b"\x89HDF\r\n", "an HDF5 file", _VOLUME),
    (0, b"MATLAB 5.0", "a MATLAB file", _VOLUME),
    (0, b"\x00\x05\x16\x07", "an AppleDouble file of macOS without the image", "leave it out, and"),
    (0, b"version https://git-lfs", "a pointer of Git LFS without the image", "fetch the file, and"),
    (0, b"\x89PNG\n", "a PNG that lost bytes on a way that is for text", "send it as binary, and"),
    (0, b"\xc2\x89PNG", "a PNG that was encoded as text", "send it as binary, and"),
    (0, b"\xef\xbf\xbd", "a file that was decoded as text and lost bytes", "send it as binary, and"),
    (0, b"data:image/", "a data URL", _DECODE),
    (0, b"iVBORw0KGgo", "base64 of a PNG", _DECODE),
    (0, b"/9j/", "base64 of a JPEG", _DECODE),
    (0, b"SUkqA", "base64 of a TIFF", _DECODE),
    (0, b"TU0AK", "base64 of a TIFF", _DECODE),
)
_BRANDS = {
    b"avif": "an AVIF",
    b"avis": "an AVIF",
    b"heic": "a HEIC",
    b"heix": "a HEIC",
    b"heim": "a HEIC",
    b"heis": "a HEIC",
    b"hevc": "a HEIC",
    b"hevx": "a HEIC",
    b"mif1": "a HEIF",
    b"msf1": "a HEIF",
    b"crx ": "a camera's raw file",
}
"""Brands of ISO base media files, the most specific first."""

_BINARY = set(range(32)) - set(b"\t\n\f\r\x1b") | {127}
_NETPBM = re.compile(rb"P[1-7fF][\s#]")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?\?>)?\s*(?:<!--.*?-->\s*|<!DOCTYPE\s+svg.*?)*<svg\b", re.DOTALL
)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\"\d\]-])")


def advice(head: bytes) -> str:
    """Return the beginning of a sentence on the type of an unsupported file and what to do with it."""
    kind, first = _kind_of(head)
    if kind is None:
        return "This is none of the types that are read:"
    return f"This is {kind}, none of the types that are read: {first}".rstrip()


def _kind_of(head: bytes) -> tuple[str | None, str]:
    for offset, signature, name, first in _SIGNATURES:
        if head[offset:].startswith(signature):
            return name, first
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)}
        return next((name for brand, name in _BRANDS.items() if brand in brands), "a video"), _CONVERT
    if _NETPBM.match(head):
        return "a PGM" if head[1:2] in b"25" else "a file of the Netpbm formats", _CONVERT
    if _MARKUP.match(head):
        return "a web page", _ADDRESS
    if _SVG.match(head):
        return "an SVG", _CONVERT
    if _XML.match(head):
        return "XML", _ADDRESS
    if _JSON.match(head):
        return "JSON", "take the image out of it, and"
    if not _BINARY & set(head):
        return "text", _ADDRESS
    return None, ""
