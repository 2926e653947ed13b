"""Memory of large images in each form of answer: at most 14 bytes a pixel, and the upload (SECURITY.md)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from model.radiograph import Grey
from model.writing.formats import Format
from tests.model.reading.dicom.files import compressed, dataset, dicom, written
from tests.model.reading.pictures import tiff_file

from .peaks import as_dicom, film
from .service import ROOT, Service, form

pytestmark = pytest.mark.slow

BYTES = {"dicom jpeg 2000 colour": 20}
"""Bytes a pixel where it is not 14: OpenJPEG decodes each of three components to 32 bits."""
SIDE = 4000
PIXELS = SIDE * SIDE
ROOM = 24_000_000
"""Bytes that do not depend on the image: working memory of decoders and contourpy, and the allocator."""

Pixels = NDArray[np.uint8]


def encoded(pixels: Grey, suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def specks(pixels: Pixels) -> Pixels:
    """Many small lungs, with the longest outlines."""
    drawn = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    return np.asarray(cv2.resize(drawn, pixels.shape, interpolation=cv2.INTER_NEAREST), np.uint8)


def in_margins(pixels: Pixels) -> Pixels:
    """The middle half of the image, on white."""
    page = np.full_like(pixels, 255)
    middle = slice(len(pixels) // 4, 3 * len(pixels) // 4)
    page[middle, middle] = pixels[middle, middle]
    return page


def tiff(pixels: NDArray[np.generic]) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "TIFF")
    return file.getvalue()


def palette(pixels: Pixels) -> bytes:
    made = dataset(pixels.astype(np.uint16) * 16 + 1, photometric="PALETTE COLOR")
    ramp = np.linspace(0, 65535, 4096).astype("<u2").tobytes()
    for colour in ("Red", "Green", "Blue"):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [4096, 0, 16])
        setattr(made, f"{colour}PaletteColorLookupTableData", ramp)
    return written(made)


FILES: dict[str, Callable[[Pixels], bytes]] = {
    "jpeg": lambda pixels: encoded(pixels, ".jpg"),
    "png": lambda pixels: encoded(pixels, ".png"),
    "png 16 bits": lambda pixels: encoded(pixels.astype(np.uint16) * 257, ".png"),
    "png colour": lambda pixels: encoded(np.dstack([pixels] * 3), ".png"),
    "png colour 16 bits": lambda pixels: encoded(np.dstack([pixels.astype(np.uint16) * 257] * 3), ".png"),
    "tiff": tiff,
    "tiff 16 bits": lambda pixels: tiff(pixels.astype(np.uint16) * 257),
    "tiff colour": lambda pixels: tiff(np.dstack([pixels] * 3)),
    "tiff signed": lambda pixels: tiff_file(pixels.astype(np.int16), tags={339: (2,)}),
    "tiff 16 bits and transparency": lambda pixels: tiff_file(
        np.dstack([pixels.astype(np.uint16)] * 2), tags={338: (2,)}
    ),
    "png in margins": lambda pixels: encoded(in_margins(pixels), ".png"),
    "jpeg in margins": lambda pixels: encoded(in_margins(pixels), ".jpg"),
    "bmp": lambda pixels: encoded(pixels, ".bmp"),
    "webp": lambda pixels: encoded(pixels, ".webp"),
    "dicom": as_dicom,
    "dicom signed": lambda pixels: dicom(pixels.astype(np.int16) * 16 - 2048, bits=12),
    "dicom 32 bits": lambda pixels: dicom(pixels.astype(np.uint32) + 1_000_000),
    "dicom colour": lambda pixels: dicom(np.dstack([pixels] * 3)),
    "dicom colour 16 bits": lambda pixels: dicom(
        np.dstack([pixels.astype(np.uint16) * 257] * 3), syntax=ExplicitVRBigEndian
    ),
    "dicom ybr": lambda pixels: dicom(np.dstack([pixels] * 3), photometric="YBR_FULL"),
    "dicom ybr 16 bits": lambda pixels: dicom(
        np.dstack([pixels.astype(np.uint16) * 257] * 3), photometric="YBR_FULL"
    ),
    "dicom ybr rle": lambda pixels: written(
        compressed(np.dstack([pixels] * 3), RLELossless, photometric="YBR_FULL")
    ),
    "dicom ybr jpeg": lambda pixels: dicom(
        np.dstack([pixels] * 3),
        photometric="YBR_FULL_422",
        syntax=JPEGBaseline8Bit,
        frame=encoded(np.dstack([pixels] * 3), ".jpg"),
    ),
    "dicom palette": palette,
    "dicom rle": lambda pixels: written(compressed(pixels, RLELossless)),
    "dicom jpeg 2000": lambda pixels: written(compressed(pixels, JPEG2000Lossless)),
    "dicom jpeg 2000 colour": lambda pixels: written(compressed(np.dstack([pixels] * 3), JPEG2000Lossless)),
    "specks": lambda pixels: encoded(specks(pixels), ".png"),
}

ANSWERS = {
    **{
        encoding: (f"/segment?mask={encoding}", "*/*")
        for encoding in ("none", "png", "rle", "polygons", "geojson")
    },
    "raw polygons": ("/segment?mask=polygons&postprocess=false&threshold=0.01", "*/*"),
    "raw geojson": ("/segment?mask=geojson&postprocess=false&threshold=0.99", "*/*"),
    "mask": ("/segment", "image/png"),
    "overlay": ("/segment?render=overlay", "image/png"),
    "radiograph": ("/segment?render=radiograph", "image/png"),
    "seg": ("/segment", "application/dicom"),
    "evaluation": ("/evaluate?mask=none", "*/*"),
    "disagreement": ("/evaluate?mask=polygons&disagreement=true", "*/*"),
}

CASES = [
    *(("jpeg", answer) for answer in ANSWERS if answer != "seg"),
    *((file, "none") for file in FILES if file != "jpeg"),
    *(("specks", answer) for answer in ("raw polygons", "raw geojson", "rle", "evaluation")),
    *(("png 16 bits", answer) for answer in ("overlay", "radiograph")),
    ("png colour 16 bits", "overlay"),
    *(("dicom", answer) for answer in ("seg", "overlay", "disagreement")),
]


_RETURNING = {"MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}
"""Makes the allocator return freed memory, as it does for arrays over 32 MB.

Otherwise one image's memory would count for the next one."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("memory")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _RETURNING.items():
            patch.setenv(name, value)
        service = Service(folder, max_pixels=PIXELS, max_upload_mb=300, workers=1)
    # Whatever is loaded when it is first asked for, is loaded now.
    pixels, mask = film(64)
    for answer in ANSWERS:
        data = as_dicom(pixels) if answer == "seg" else encoded(pixels, ".png")
        assert ask(service, answer, data, encoded(mask, ".png"))[0] == 200
    yield service
    service.kill()


@pytest.fixture(scope="module")
def before(service: Service) -> float:
    return service.memory_mb()


@pytest.fixture(scope="module")
def truth() -> bytes:
    return encoded(film(SIDE)[1], ".png")


def ask(service: Service, answer: str, data: bytes, truth: bytes) -> tuple[int, int]:
    """Return the status of an answer, and the number of bytes that were sent."""
    path, accept = ANSWERS[answer]
    body, headers = form(image=data, mask=truth) if path.startswith("/evaluate") else (data, {})
    status, _, _ = service.request("POST", path, body, {"Accept": accept, **headers})
    return status, len(body)


@pytest.mark.parametrize(("file", "answer"), CASES)
def test_memory_of_a_large_image_is_within_the_bound(
    service: Service, before: float, truth: bytes, file: str, answer: str
) -> None:
    data = FILES[file](film(SIDE)[0])
    Path(f"/proc/{service.process.pid}/clear_refs").write_text("5")  # resets the peak
    status, sent = ask(service, answer, data, truth)
    assert status == 200
    peak = service.memory_mb("VmHWM") - before
    assert peak < (BYTES.get(file, 14) * PIXELS + sent + ROOM) / 1e6


@pytest.mark.parametrize("start", [b"GIF89a", b"%PDF", b"\0\0\0\x18ftypheic", b"RIFF0000AVI "])
def test_body_that_is_no_image_is_rejected_before_it_is_read_whole(
    service: Service, before: float, start: bytes
) -> None:
    Path(f"/proc/{service.process.pid}/clear_refs").write_text("5")
    retained = service.memory_mb() - before
    assert service.status("POST", "/segment", start + bytes(250_000_000)) == 415
    assert service.memory_mb("VmHWM") - before - max(0.0, retained) < ROOM / 1e6


def test_memory_of_writing_a_large_mask_is_within_the_bound() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.peaks", str(SIDE)],
        cwd=ROOT,
        env=os.environ | _RETURNING,
        stdout=subprocess.PIPE,
        check=True,
    )
    peaks = json.loads(done.stdout)
    assert peaks.keys() == {kind.value for kind in Format}
    # The file itself is held as well: two bytes a pixel.
    assert {kind: peak for kind, peak in peaks.items() if peak > (14 + 2) * PIXELS + ROOM} == {}
