"""The decoder process: crashes and timeouts."""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from model.errors import UnreadableImage, UnsupportedImage

pytest.importorskip("pyarrow", reason="Pleura's extra ray is not installed")

from bulk.ray.decoder import Decoder


def read(data: bytes, *, folder: Path) -> bytes | int:
    match data:
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"killed once" if not (folder / "killed").exists():
            (folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case b"hangs":
            time.sleep(3600)
        case b"greedy":
            return len(bytearray(8 << 30))
        case b"unsupported":
            raise UnsupportedImage("no type that is read here")
        case b"unforeseen":
            raise ZeroDivisionError
        case b"who":
            return os.getpid()
    return data.upper()


@pytest.fixture
def decoder(tmp_path: Path) -> Iterator[Decoder]:
    made = Decoder(partial(read, folder=tmp_path))
    yield made
    made.close()


def test_one_process_reads_several_images(decoder: Decoder) -> None:
    assert decoder(b"one") == b"ONE"
    assert decoder(bytes(3_000_000)) == bytes(3_000_000)
    assert decoder(b"who") == decoder(b"who") != os.getpid()


def test_errors_are_passed_through(decoder: Decoder) -> None:
    with pytest.raises(UnsupportedImage, match="no type that is read here"):
        decoder(b"unsupported")
    with pytest.raises(UnreadableImage, match="cannot be read: save it again"):
        decoder(b"unforeseen")


def test_memory_is_limited(decoder: Decoder) -> None:
    with pytest.raises(UnreadableImage):
        decoder(b"greedy")
    assert decoder(b"next") == b"NEXT"


def test_first_crash_is_retried(decoder: Decoder) -> None:
    assert decoder(b"killed once") == b"KILLED ONCE"


def test_second_crash_is_reported_and_the_next_image_read(decoder: Decoder) -> None:
    with pytest.raises(UnreadableImage, match="The decoder crashed on this image"):
        decoder(b"killed")
    assert decoder(b"next") == b"NEXT"


def test_timeout_is_reported_and_the_next_image_read(tmp_path: Path) -> None:
    decoder = Decoder(partial(read, folder=tmp_path), timeout_s=1)
    with pytest.raises(UnreadableImage, match="timed out after 1 s"):
        decoder(b"hangs")
    decoder.close()


def test_process_ends_with_its_parent(decoder: Decoder) -> None:
    process = decoder(b"who")
    assert decoder._pipe is not None
    assert decoder._process is not None
    decoder._pipe.close()
    assert decoder._process.wait(60) == 0
    assert not Path(f"/proc/{process}").exists()
