"""The masks that people stumbled over, through HTTP and the commands, with the bundled checkpoint."""

import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from training.data.datasets import SegmentationDataset
from training.data.inspection import inspect


def evaluated(service: httpx.Client, folder: Path, mask: str, **query: str) -> httpx.Response:
    image = (folder / "base-image.png").read_bytes()
    return service.post(
        "/evaluate", files={"image": image, "mask": (folder / mask).read_bytes()}, params=query
    )


def iou(answer: httpx.Response) -> float:
    assert answer.status_code == 200, answer.text
    return float(answer.json()["metrics"]["iou"])


def notes(answer: httpx.Response) -> list[str]:
    document: Any = answer.json()
    return [note["code"] for note in document["ground_truth"]["notes"]]


@pytest.mark.parametrize(
    ("mask", "note"),
    [
        ("01-jpeg-mask-q50.jpg", "lossy"),
        ("01-jpeg-mask-q95.jpg", "lossy"),
        ("05-alpha-mask-white.png", "alpha"),
        ("05-alpha-mask-black.png", "alpha"),
        ("13-fractional-seg.dcm", "fractional"),
        ("12-seg-with-heart.dcm", "segments_left_out"),
        *(
            (f"pass/mask-{name}", None)
            for name in (
                "0-1.png",
                "1-bit.png",
                "binary-seg.dcm",
                "labelmap-seg.dcm",
                "palette-voc.png",
                "rgb-red.png",
            )
        ),
    ],
)
def test_mask_from_the_field_gives_the_iou_of_the_plain_mask(
    service: httpx.Client, shared_field: Path, mask: str, note: str | None
) -> None:
    expected = iou(evaluated(service, shared_field, "base-mask.png"))
    answer = evaluated(service, shared_field, mask)
    assert iou(answer) == pytest.approx(expected, abs=0.005)
    assert notes(answer) == ([] if note is None else [note])


@pytest.mark.parametrize(
    ("mask", "words"),
    [("04-viridis-mask.png", "no background"), ("04-all-white-mask.png", "no background")],
)
def test_a_mask_without_background_is_refused(
    service: httpx.Client, shared_field: Path, mask: str, words: str
) -> None:
    answer = evaluated(service, shared_field, mask)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("mask", "note", "values"),
    [
        ("07-inverted-mask.png", "inverted", None),
        ("08-mask-255-is-ignore.png", "ignore_value", "1"),
        ("12-labels-1-2-3heart.png", "values_joined", "1,2"),
    ],
)
def test_doubtful_mask_has_a_note(
    service: httpx.Client, shared_field: Path, mask: str, note: str, values: str | None
) -> None:
    assert notes(evaluated(service, shared_field, mask)) == [note]
    if values is not None:
        named = evaluated(service, shared_field, mask, lung_values=values)
        expected = iou(evaluated(service, shared_field, "base-mask.png"))
        assert iou(named) == pytest.approx(expected, abs=0.005)
        assert notes(named) == []


def test_gif_is_rejected_by_its_name(service: httpx.Client, shared_field: Path) -> None:
    answer = evaluated(service, shared_field, "16-gif-mask.gif")
    assert answer.status_code == 415
    assert "a GIF" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "images", "said"), [("02-jpeg-masks-dataset", 4, "with loss"), ("20-appledouble-dataset", 1, "")]
)
def test_data_set_from_the_field_is_read(
    shared_field: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    images: int,
    said: str,
) -> None:
    with zipfile.ZipFile(shared_field / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    dataset = SegmentationDataset(tmp_path / "set")
    assert len(dataset) == images
    inspect(dataset, description="reading")
    err = capsys.readouterr().err
    assert said in err
    assert bool(err) == bool(said)
