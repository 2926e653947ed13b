import numpy as np
import pytest
from pydicom import Dataset

from app.errors import NotAcceptable, NotDicom
from app.negotiation import Media, acceptable, choose
from model.radiograph import Radiograph

PNG = Radiograph(pixels=np.zeros((2, 2), np.uint8), format="png", width=2, height=2)
DICOM = Radiograph(pixels=np.zeros((2, 2), np.uint8), format="dicom", width=2, height=2, dataset=Dataset())


@pytest.mark.parametrize(
    ("accept", "first"),
    [
        ("", Media.JSON),
        ("*/*", Media.JSON),
        ("application/json", Media.JSON),
        ("image/png", Media.PNG),
        ("IMAGE/PNG", Media.PNG),
        ("image/*", Media.PNG),
        ("application/*", Media.JSON),
        ("application/dicom", Media.DICOM),
        ("application/json;q=0.5, image/png", Media.PNG),
        ("application/json;q=0.5, image/png;q=0.4", Media.JSON),
        ("*/*;q=0.1, image/png;q=0.2", Media.PNG),
        ("image/png;q=0, */*", Media.JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", Media.JSON),
        ("image/png; charset=utf-8; q=1.0, application/json;q=0.9", Media.PNG),
        ("application/json;q=rubbish, image/png;q=0.1", Media.PNG),
    ],
)
def test_highest_quality_comes_first(accept: str, first: Media) -> None:
    assert acceptable(accept)[0] is first


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "*/*;q=0", "rubbish", ";;,,;"])
def test_unacceptable_media_types_are_rejected(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json, image/png, application/dicom"):
        acceptable(accept)


def test_quality_zero_excludes_a_media_type() -> None:
    assert Media.PNG not in acceptable("*/*, image/png;q=0")


def test_dicom_is_chosen_for_a_dicom_image() -> None:
    assert choose(acceptable("application/dicom"), DICOM) is Media.DICOM


def test_dicom_alone_is_rejected_for_another_image() -> None:
    with pytest.raises(NotDicom):
        choose(acceptable("application/dicom"), PNG)


def test_next_media_type_is_chosen_for_an_image_other_than_dicom() -> None:
    assert choose(acceptable("application/dicom, image/png;q=0.5"), PNG) is Media.PNG
