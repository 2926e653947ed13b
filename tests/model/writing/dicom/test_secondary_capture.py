from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from model.lungs import LEFT, RIGHT
from model.writing.colours import STRUCTURE_COLOURS
from model.writing.dicom.forms import Form

from ..shapes import HEIGHT, WIDTH
from .test_forms import UNTRUSTED, grey, written
from .test_seg import read

SIDE = 400


def capture(**options: Any) -> Dataset:
    return read(written(Form.SC, **options))


def large() -> tuple[Dataset, NDArray[np.uint8], NDArray[np.uint8]]:
    """A source of 400 pixels a side, its pixels and its labels: two rectangles."""
    source = grey()
    source.Rows = source.Columns = SIDE
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    drawn[150:350, 40:160], drawn[150:350, 240:360] = 1, 2
    pixels = np.tile(np.linspace(0, 255, SIDE).astype(np.uint8), (SIDE, 1))
    return source, pixels, drawn


def painted(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Pixels near a colour: lines and letters have soft edges."""
    near: NDArray[np.bool_] = np.abs(picture.astype(int) - colour).max(axis=-1) < 60
    return near


def test_outlines_have_their_colours_and_lie_on_the_lungs() -> None:
    source, pixels, drawn = large()
    picture = capture(source=source, drawn=drawn, pixels=pixels).pixel_array
    assert picture.shape == (SIDE, SIDE, 3)
    for label in (RIGHT, LEFT):
        colour = STRUCTURE_COLOURS[label]
        rows, columns = np.nonzero(painted(picture[130:], colour))
        expected_rows, expected_columns = np.nonzero(drawn[130:] == label)
        assert abs(rows.min() - expected_rows.min()) <= 1
        assert abs(rows.max() - expected_rows.max()) <= 1
        assert abs(columns.min() - expected_columns.min()) <= 1
        assert abs(columns.max() - expected_columns.max()) <= 1


def test_between_the_outlines_it_looks_as_the_radiograph_does() -> None:
    source, pixels, drawn = large()
    picture = capture(source=source, drawn=drawn, pixels=pixels).pixel_array
    inside = picture[200:300, 60:140]
    assert (inside[..., 0] == inside[..., 1]).all()
    assert (inside[..., 0] == inside[..., 2]).all()
    assert (np.diff(inside[0, :, 0].astype(int)) >= 0).all()


def test_not_trusted_is_burnt_in_with_its_colour() -> None:
    source, pixels, drawn = large()
    plain = capture(source=source, drawn=drawn, pixels=pixels).pixel_array
    warned = capture(source=source, drawn=drawn, pixels=pixels, quality=UNTRUSTED).pixel_array
    corner = np.s_[:14, :300]
    vermilion = (213, 94, 0)
    assert painted(warned[corner], vermilion).sum() > 50
    assert not painted(plain[corner], vermilion).any()


def test_without_text_only_the_outlines_are_drawn() -> None:
    source, pixels, drawn = large()
    made = read(written(Form.SC_OUTLINES, source=source, drawn=drawn, pixels=pixels, quality=UNTRUSTED))
    picture, with_text = made.pixel_array, capture(source=source, drawn=drawn, pixels=pixels).pixel_array
    assert (picture[:140, :, 0] == picture[:140, :, 1]).all()
    assert (picture[140:] == with_text[140:]).all()
    assert made.DerivationDescription == "Lung outlines burnt in; windowed to 8 bits"
    assert "not trusted" in made.SeriesDescription


def test_letters_of_a_small_film_are_large_enough_to_read() -> None:
    source, pixels, drawn = large()
    source.Rows = source.Columns = 200
    small = capture(source=source, drawn=drawn[::2, ::2], pixels=pixels[::2, ::2], quality=UNTRUSTED)
    rows, _ = np.nonzero(painted(small.pixel_array, (213, 94, 0)))
    assert 7 <= np.ptp(rows[rows < 14]) + 1 <= 12


def test_text_fits_a_narrow_film() -> None:
    source, pixels, drawn = large()
    picture = capture(source=source, drawn=drawn, pixels=pixels, quality=UNTRUSTED).pixel_array
    changed = np.abs(picture.astype(int) - cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)).max(axis=-1) > 100
    assert not changed[:60, -20:].any()


def test_it_refers_to_its_source_and_says_how_it_was_derived() -> None:
    made = capture()
    (reference,) = made.SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == "1.2.3.4.1"
    assert made.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert made.ConversionType == "WSD"
    assert (made.Rows, made.Columns) == (HEIGHT, WIDTH)
    assert "Pleura-Trusted: true" in made.ImageComments


def test_lossy_compression_of_the_source_is_declared() -> None:
    source = grey()
    source.LossyImageCompression, source.LossyImageCompressionRatio = "01", "12.5"
    made = capture(source=source)
    assert (made.LossyImageCompression, made.LossyImageCompressionRatio) == ("01", 12.5)


def test_burnt_in_identification_of_the_source_is_declared() -> None:
    source = grey()
    source.BurnedInAnnotation = "YES"
    assert capture(source=source).BurnedInAnnotation == "YES"
    assert "BurnedInAnnotation" not in capture()


def test_distances_can_be_measured_where_the_spacing_is_known() -> None:
    source = grey()
    source.PixelSpacing = [0.2, 0.15]
    assert list(capture(source=source).PixelSpacing) == [0.2, 0.15]
    assert "PixelSpacing" not in capture()
