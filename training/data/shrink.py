"""Reduced copies of data sets, to transfer to another machine and to read faster.

    python -m training.data.shrink --data DATA --out SMALL [--side 320] [--quality 85] [--set nih …]

Every image below DATA is written to the same path below SMALL, with its longest side at most
``--side``: those in folders named masks, hearts or ignore as PNG with two values, the others as grey
JPEG. Tables are copied. Existing files are left as they are.
"""

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.preprocessing import unit_range
from model.reading import read, read_ground_truth, read_mask
from model.reading.files import has_image_suffix, is_leftover
from model.writing.png import mask_png

MASKS = ("masks", "hearts", "ignore")
TABLES = (".csv",)


def shrink(data: Path, out: Path, *, side: int, quality: int) -> Iterator[Path]:
    """Write the copies.

    Args:
        data: Folder of images and tables, at any depth.
        out: Contains the same folders afterwards.
        side: Longest side of a copy in pixels; smaller images keep their size.
        quality: Of the JPEG files.

    Yields:
        Each file that was written.

    Raises:
        ImageError: An image cannot be read.
    """
    for path in sorted(data.rglob("*")):
        relative = path.relative_to(data)
        if any(is_leftover(part) for part in relative.parts):
            continue
        suffix = path.suffix.lower()
        target = out / relative
        is_mask = path.parent.name in MASKS
        if has_image_suffix(path.name):
            target = target.with_suffix(".png" if is_mask else ".jpg")
        elif suffix not in TABLES:
            continue
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if suffix in TABLES:
            shutil.copyfile(path, target)
        elif is_mask:
            # A lung mask without background is rejected; other regions may cover the whole image.
            mask = read_ground_truth(path).mask if path.parent.name == "masks" else read_mask(path)
            target.write_bytes(mask_png(_resized(mask.view(np.uint8), side) > 0))
        else:
            grey = _resized(_eight_bits(read(path).pixels), side)
            target.write_bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        yield target


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return pixels ``(H, W)`` reduced to ``side``; the outline of a 0/1 mask moves by less than a pixel."""
    height, width = pixels.shape
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if pixels.max() > 1:
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    share = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shrunk: NDArray[np.uint8] = (share >= 0.5).astype(np.uint8)
    return shrunk


def _eight_bits(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    scaled: NDArray[np.uint8] = np.rint(unit_range(pixels) * 255).astype(np.uint8)
    return scaled


def main() -> None:
    """Run the module; see its docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.data.shrink", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=320)
    parser.add_argument("--quality", type=int, default=85)
    parser.add_argument("--set", action="append", help="a folder below DATA; all if none is named")
    arguments = parser.parse_args()
    written = 0
    for name in arguments.set or ["."]:
        source, target = arguments.data / name, arguments.out / name
        written += sum(1 for _ in shrink(source, target, side=arguments.side, quality=arguments.quality))
    print(f"{arguments.out}: {written} files")  # noqa: T201


if __name__ == "__main__":
    main()
