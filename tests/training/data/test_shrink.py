from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import UnsuitableMask
from model.reading import read, read_mask
from training.data.shrink import shrink


def test_copies_keep_their_paths_and_have_at_most_the_side(tmp_path: Path) -> None:
    pixels = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (100, 1))
    mask = np.zeros((100, 200), np.uint8)
    mask[20:60, 40:120] = 255
    for part, picture in (("images", pixels), ("masks", mask), ("hearts", mask)):
        (tmp_path / "in" / "set" / part).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / "set" / part / "a.png"), picture)
    (tmp_path / "in" / "set" / "index.csv").write_text("stem\na\n", encoding="utf-8")
    (tmp_path / "in" / "set" / "notes.txt").write_text("no", encoding="utf-8")
    out = tmp_path / "out"
    written = list(shrink(tmp_path / "in", out, side=50, quality=90))
    assert {str(path.relative_to(out)) for path in written} == {
        "set/images/a.jpg",
        "set/masks/a.png",
        "set/hearts/a.png",
        "set/index.csv",
    }
    small = read(out / "set" / "images" / "a.jpg").pixels
    assert small.shape == (25, 50)
    assert abs(float(small.mean()) - float(pixels.mean())) < 2
    for part in ("masks", "hearts"):
        found = read_mask(out / "set" / part / "a.png")
        expected = np.zeros((25, 50), np.bool_)
        expected[5:15, 10:30] = True
        assert np.array_equal(found, expected)
    assert list(shrink(tmp_path / "in", out, side=50, quality=90)) == []


def test_macos_files_are_skipped_and_a_colour_map_is_no_mask(tmp_path: Path) -> None:
    (tmp_path / "in" / "masks").mkdir(parents=True)
    (tmp_path / "in" / "masks" / "._a.png").write_bytes(b"\x00\x05\x16\x07")
    assert list(shrink(tmp_path / "in", tmp_path / "out", side=50, quality=90)) == []
    mask = np.zeros((60, 60), np.uint8)
    mask[20:40, 10:30] = 255
    mapped = cv2.applyColorMap(mask, cv2.COLORMAP_VIRIDIS)
    cv2.imwrite(str(tmp_path / "in" / "masks" / "a.png"), mapped)
    with pytest.raises(UnsuitableMask):
        list(shrink(tmp_path / "in", tmp_path / "out", side=50, quality=90))


def test_small_images_keep_their_size_and_16_bits_become_8(tmp_path: Path) -> None:
    (tmp_path / "in" / "images").mkdir(parents=True)
    deep = (np.arange(30 * 40).reshape(30, 40) * 3 + 500).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "in" / "images" / "a.png"), deep)
    list(shrink(tmp_path / "in", tmp_path / "out", side=50, quality=95))
    found = read(tmp_path / "out" / "images" / "a.jpg").pixels
    assert found.shape == (30, 40)
    assert found.dtype == np.uint8
    assert int(found.max()) - int(found.min()) > 245
