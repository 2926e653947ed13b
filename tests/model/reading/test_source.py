import mmap
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import ImageError, ImageTooLarge, UnsupportedImage
from model.reading import read, read_mask
from tests.reliability.seeds import seeds

from .dicom.files import chest, dicom
from .pictures import ramp, saved

SEEDS = seeds()


def test_bytes_views_and_paths_give_the_same(tmp_path: Path) -> None:
    data = saved(ramp(), "PNG")
    path = tmp_path / "named_wrongly.jpg"
    path.write_bytes(data)
    for source in (data, memoryview(data), path):
        np.testing.assert_array_equal(read(source).pixels, ramp())
        np.testing.assert_array_equal(read_mask(source), ramp() > 0)


@pytest.mark.parametrize("name", SEEDS)
def test_mapped_file_is_read_as_its_bytes(tmp_path: Path, name: str) -> None:
    """A large upload is mapped from the disk, and never whole in memory."""
    path = tmp_path / "upload"
    path.write_bytes(SEEDS[name])
    with path.open("rb") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    one, other = read(SEEDS[name]), read(mapped)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert replace(one, pixels=other.pixels, dataset=None) == replace(other, dataset=None)


@pytest.mark.parametrize("name", SEEDS)
def test_truncated_mapped_file_is_rejected_as_its_bytes(tmp_path: Path, name: str) -> None:
    for share in (0.2, 0.6, 0.95):
        data = SEEDS[name][: int(len(SEEDS[name]) * share)]
        answers = []
        for source in (data, memoryview(data)):
            try:
                answers.append(read(source).pixels.tobytes())
            except ImageError as error:
                answers.append(str(error).encode())
        assert answers[0] == answers[1]


def test_text_named_png_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("not an image")
    with pytest.raises(UnsupportedImage):
        read(path)


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.png")


def test_file_that_is_far_too_long_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "long.png"
    with path.open("wb") as file:
        file.write(saved(ramp(), "PNG"))
        file.truncate(2**27)
    with pytest.raises(ImageTooLarge):
        read(path, max_pixels=1_000_000)


def test_pydicom_is_loaded_only_for_dicom() -> None:
    program = (
        "import sys\n"
        "from model.reading import read\n"
        "read(sys.stdin.buffer.read())\n"
        "print('pydicom' in sys.modules)\n"
    )
    for data, loaded in ((saved(ramp(), "PNG"), b"False"), (dicom(chest()), b"True")):
        done = subprocess.run([sys.executable, "-c", program], input=data, stdout=subprocess.PIPE, check=True)
        assert done.stdout.strip() == loaded
