from pathlib import Path

import cv2
import numpy as np

from training.labels.contact_sheet import ContactSheet


def test_lowest_agreement_comes_first(tmp_path: Path) -> None:
    sheet = ContactSheet(most=2)
    for grey, agreement in ((60, 0.9), (120, 0.5), (180, 0.7)):
        path = tmp_path / f"{grey}.png"
        pixels = np.zeros((50, 50), np.uint8)
        pixels[10:40, 10:40] = grey
        pixels[:10] = 255
        cv2.imwrite(str(path), pixels)
        sheet.add(path, [np.zeros((50, 50), np.bool_)], agreement=agreement, title="")
    sheet.write(tmp_path / "sheet.jpg")
    picture = cv2.imread(str(tmp_path / "sheet.jpg"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    first, second = picture[120, 120], picture[120, 240 + 120]
    assert first < second


def test_each_teacher_has_its_own_outline_colour(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 40), 90, np.uint8))
    masks = np.zeros((2, 60, 40), np.bool_)
    masks[0, 10:30, 5:15] = masks[1, 10:30, 25:35] = True
    sheet = ContactSheet()
    sheet.add(tmp_path / "a.png", list(masks), agreement=0.1, title="a")
    sheet.write(tmp_path / "sheet.jpg")
    picture = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert picture is not None
    left, right = picture[:240, :80].astype(int), picture[:240, 80:160].astype(int)
    coloured = [int((np.ptp(half, axis=2) > 60).sum()) for half in (left, right)]
    assert min(coloured) > 50
    assert (left[..., 2] - left[..., 0]).max() > 60
    assert (right[..., 0] - right[..., 2]).max() > 60


def test_no_images_give_no_sheet(tmp_path: Path) -> None:
    ContactSheet().write(tmp_path / "sheet.jpg")
    assert list(tmp_path.iterdir()) == []
