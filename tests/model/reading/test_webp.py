import struct

import pytest

from model.errors import UnreadableImage
from model.reading import read

from .pictures import ramp, saved


def test_empty_extension_chunk_does_not_crash() -> None:
    data = saved(ramp(), "WEBP", exif=b"II*\x00")
    broken = data[:20] + data[20:].replace(b"EXIF", b"VP8X")
    assert read(broken).pixels.shape == ramp().shape


def test_unknown_bitstream_is_rejected() -> None:
    with pytest.raises(UnreadableImage):
        read(b"RIFF" + struct.pack("<I", 30) + b"WEBPVP9 " + struct.pack("<I", 18) + bytes(18))


def test_too_many_chunks_are_rejected() -> None:
    data = saved(ramp(), "WEBP", lossless=True)
    chunks = data[12:] + b"JUNK\x00\x00\x00\x00" * 5_000
    with pytest.raises(UnreadableImage):
        read(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks)
