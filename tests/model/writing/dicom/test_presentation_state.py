import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from model.errors import UnsuitableImage
from model.writing.dicom.forms import Form

from ..shapes import HEIGHT, WIDTH, labels
from .test_forms import UNTRUSTED, grey, written
from .test_seg import read


def state(**options: Any) -> Dataset:
    return read(written(Form.GSPS, **options))


def rendered(made: Dataset, layer: str) -> NDArray[np.uint8]:
    """The inside of the polylines of a layer, `(HEIGHT, WIDTH)`, filled by the even-odd rule."""
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    for annotation in made.GraphicAnnotationSequence:
        if annotation.GraphicLayer != layer:
            continue
        for graphic in annotation.GraphicObjectSequence:
            assert (graphic.GraphicType, graphic.GraphicAnnotationUnits) == ("POLYLINE", "PIXEL")
            points = np.array(graphic.GraphicData).reshape(-1, 2)
            np.testing.assert_array_equal(points[0], points[-1])
            # Pixel centres have whole coordinates in OpenCV and end in .5 here.
            one = np.zeros_like(canvas)
            cv2.fillPoly(one, [np.round((points - 0.5) * 256).astype(np.int32)], 1, shift=8)
            canvas ^= one
    return canvas


@pytest.mark.parametrize(("label", "layer"), [(1, "RIGHT_LUNG"), (2, "LEFT_LUNG")])
def test_outlines_enclose_the_lungs(label: int, layer: str) -> None:
    lung = labels() == label
    found = rendered(state(), layer) > 0
    # fillPoly counts pixels on the line as inside.
    assert (found & ~cv2.dilate(lung.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)).sum() == 0
    assert (found & lung).sum() / lung.sum() > 0.97


def test_outline_with_many_corners_fits_its_attribute() -> None:
    source = grey()
    side = source.Rows = source.Columns = 600
    drawn = np.zeros((side, side), np.uint8)
    comb = drawn[50:550, 50:550]
    comb[::2] = 1
    comb[:, :4] = 1
    made = state(source=source, drawn=drawn)
    for graphic in made.GraphicAnnotationSequence[0].GraphicObjectSequence:
        assert graphic.NumberOfGraphicPoints <= 4000
        assert len(graphic.GraphicData) == 2 * graphic.NumberOfGraphicPoints


def test_layers_have_the_colours_of_the_segments() -> None:
    made, seg = state(), read(written(Form.SEG))
    shown = [list(layer.GraphicLayerRecommendedDisplayCIELabValue) for layer in made.GraphicLayerSequence[:2]]
    assert shown == [list(segment.RecommendedDisplayCIELabValue) for segment in seg.SegmentSequence]


def test_text_says_not_trusted() -> None:
    (text,) = state(quality=UNTRUSTED).GraphicAnnotationSequence[-1].TextObjectSequence
    assert text.UnformattedTextValue.splitlines()[:2] == ["Not trusted, predicted IoU 0.612", "one lung"]


def test_display_is_that_of_the_radiograph() -> None:
    source = grey()
    source.WindowCenter, source.WindowWidth = 500, 800
    source.RescaleIntercept, source.RescaleSlope = 10, 2
    made = state(source=source, applied=("rescale", "window", "inverted"))
    assert made.PresentationLUTShape == "INVERSE"
    assert (made.RescaleIntercept, made.RescaleSlope) == (10, 2)
    (voi,) = made.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (500, 800)
    ignored = state(source=source)
    assert ignored.PresentationLUTShape == "IDENTITY"
    assert "SoftcopyVOILUTSequence" not in ignored
    assert "RescaleSlope" not in ignored


def test_modality_table_of_the_source_is_kept() -> None:
    source, item = grey(), Dataset()
    item.add_new("LUTDescriptor", "US", [256, 0, 16])
    item.add_new("LUTData", "OW", np.arange(256, dtype=np.uint16).tobytes())
    item.ModalityLUTType = "OD"
    source.ModalityLUTSequence = [item]
    (kept,) = state(source=source, applied=("modality_lut",)).ModalityLUTSequence
    assert (kept.ModalityLUTType, kept.LUTData) == ("OD", item.LUTData)
    assert "ModalityLUTSequence" not in state(source=source)


def test_window_that_highdicom_rejects_is_left_out() -> None:
    source = grey()
    source.WindowCenter, source.WindowWidth = [1, 2, 3], [4]
    made = state(source=source, applied=("window",))
    assert len(made.GraphicAnnotationSequence) == 3


def test_colour_image_is_rejected() -> None:
    with pytest.raises(UnsuitableImage, match="grey image"):
        state(applied=("grey",))


@pytest.mark.parametrize(("photometric", "applied"), [("MONOCHROME1", ("inverted",)), ("MONOCHROME2", ())])
def test_dcmtk_shows_the_radiograph_through_the_state(
    photometric: str, applied: tuple[str, ...], tmp_path: Path
) -> None:
    program = shutil.which("dcmp2pgm")
    if program is None:
        pytest.skip("dcmp2pgm is not installed: apt-get install dcmtk")
    source = grey()
    source.PhotometricInterpretation = photometric
    source.SamplesPerPixel, source.PixelRepresentation = 1, 0
    source.BitsAllocated = source.BitsStored = 8
    source.HighBit = 7
    source.InstanceNumber = source.SeriesNumber = 1
    shown = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    stored = 255 - shown if photometric == "MONOCHROME1" else shown
    (tmp_path / "state.dcm").write_bytes(written(Form.GSPS, source=source, applied=applied))
    source.PixelData = stored.tobytes() + b"\0" * (stored.size % 2)
    source["PixelData"].VR = "OB"
    source.file_meta = FileMetaDataset()
    source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(tmp_path / "film.dcm", source, enforce_file_format=True)
    subprocess.run(
        [program, "--pstate", "state.dcm", "film.dcm", "shown.pgm"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    picture = cv2.imread(str(tmp_path / "shown.pgm"), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert picture.shape == shown.shape
    # The grey scale of a display is not linear; order and ends are those of the radiograph.
    assert (np.diff(picture[0].astype(int)) >= 0).all()
    assert picture[0, 0] < 10
    assert picture[0, -1] > 245
