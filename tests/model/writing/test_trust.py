import re
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from model.quality import Quality, Warning
from model.radiograph import Radiograph
from model.writing.overlay import overlay_png
from model.writing.png import mask_png
from model.writing.radiograph import radiograph_png
from model.writing.trust import FIELDS, trust_fields

from .shapes import labels

ROOT = Path(__file__).parents[3]
GOOD = Quality(predicted_iou=0.96251, trusted=True, warnings=())
DOUBTFUL = Quality(
    predicted_iou=0.62,
    trusted=False,
    warnings=(
        Warning("one_lung", "Only one lung was found."),
        Warning("low_confidence", "The predicted IoU is 0.62 ± 0.1 – too low."),
    ),
)
UNKNOWN = Quality(
    predicted_iou=None, trusted=False, warnings=(Warning("not_calibrated", "Nothing is known."),)
)


def grey() -> Radiograph:
    height, width = labels().shape
    return Radiograph(
        pixels=np.full((height, width), 90, np.uint8), format="array", width=width, height=height
    )


def read(data: bytes) -> tuple[dict[str, str], PngImageFile]:
    image = Image.open(BytesIO(data))
    assert isinstance(image, PngImageFile)
    image.load()
    return {name: str(text) for name, text in image.text.items()}, image


def test_trusted_mask_has_its_fields() -> None:
    assert trust_fields(GOOD) == {"Pleura-Trusted": "true", "Pleura-Predicted-IoU": "0.9625"}


def test_untrusted_mask_has_its_fields() -> None:
    assert trust_fields(DOUBTFUL) == {
        "Pleura-Trusted": "false",
        "Pleura-Predicted-IoU": "0.62",
        "Pleura-Warnings": "one_lung, low_confidence",
    }


def test_mask_without_predicted_iou_has_its_fields() -> None:
    assert trust_fields(UNKNOWN) == {"Pleura-Trusted": "false", "Pleura-Warnings": "not_calibrated"}


def test_worst_of_several_masks_counts() -> None:
    assert trust_fields(GOOD, GOOD)["Pleura-Trusted"] == "true"
    assert trust_fields(GOOD, DOUBTFUL)["Pleura-Predicted-IoU"] == "0.62"
    assert trust_fields(DOUBTFUL, GOOD, DOUBTFUL) == trust_fields(DOUBTFUL)
    assert trust_fields(GOOD, UNKNOWN) == trust_fields(UNKNOWN)


@pytest.mark.parametrize("predicted", [0.0, 1e-9, 0.0004, 0.5, 0.99999, 1.0])
def test_predicted_iou_is_a_plain_decimal(predicted: float) -> None:
    quality = Quality(predicted_iou=predicted, trusted=True, warnings=())
    assert re.fullmatch(r"[01](\.\d{1,4})?", trust_fields(quality)["Pleura-Predicted-IoU"])


@pytest.mark.parametrize(
    ("name", "shown"), [("pleura-r50-256", "pleura-r50-256"), ("Größe\r\nX: 1 ", "Gr??e??X: 1"), ("", "")]
)
def test_any_name_of_a_checkpoint_is_safe_in_a_header(name: str, shown: str) -> None:
    assert trust_fields(GOOD, checkpoint=name)["Pleura-Checkpoint"] == shown


def test_each_warning_code_is_safe_in_a_header() -> None:
    """They are written into headers as they are: no comma, no line break, nothing but ASCII."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "model").rglob("*.py"))
    codes = re.findall(r"""\bWarning\(\s*(?:code=)?["']([^"']*)["']""", sources)
    assert len(set(codes)) >= 6
    assert [code for code in codes if not re.fullmatch("[a-z][a-z0-9_]*", code)] == []


@pytest.mark.parametrize("quality", [GOOD, DOUBTFUL, UNKNOWN])
def test_mask_keeps_its_pixels_and_its_one_bit(quality: Quality) -> None:
    mask = labels() > 0
    data = mask_png(mask, quality, "fake")
    text, image = read(data)
    fields = {name: text[name] for name in text if name in FIELDS}
    assert fields == trust_fields(quality, checkpoint="fake")
    assert data[24] == 1, "bits a pixel"
    np.testing.assert_array_equal(np.asarray(image, np.bool_), mask)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    np.testing.assert_array_equal(decoded > 0, mask)
    assert len(data) - len(mask_png(mask)) < 400


def test_warnings_are_sentences() -> None:
    text, _ = read(mask_png(labels() > 0, DOUBTFUL))
    assert text["Warning"] == "Only one lung was found. The predicted IoU is 0.62 ± 0.1 – too low."
    assert "Warning" not in read(mask_png(labels() > 0, GOOD))[0]


def test_pictures_have_the_fields() -> None:
    for data in (overlay_png(grey(), labels(), DOUBTFUL, "fake"), radiograph_png(grey(), DOUBTFUL, "fake")):
        text, _ = read(data)
        assert {name: text[name] for name in FIELDS} == trust_fields(DOUBTFUL, checkpoint="fake")


def test_mask_without_quality_has_no_fields() -> None:
    for data in (mask_png(labels() > 0), overlay_png(grey(), labels()), radiograph_png(grey())):
        assert read(data)[0] == {}
