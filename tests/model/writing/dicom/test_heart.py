"""The heart in the DICOM results of a checkpoint that segments hearts."""

import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.color import CIELabColor
from highdicom.seg import segread
from highdicom.sr import srread

from model.heart import HEART
from model.lungs import measure
from model.quiet import quiet
from model.reading import read_ground_truth
from model.segmentation import Segmentation
from model.writing.colours import STRUCTURE_COLOURS
from model.writing.dicom.forms import Form, write_form, write_forms

from ..shapes import labels
from .test_forms import grey
from .test_seg import METADATA, read, segmented


def with_heart() -> Segmentation:
    found = segmented(grey())
    heart = np.zeros(found.labels.shape, np.bool_)
    heart[30:45, 20:34] = True
    heart &= found.labels == 0
    return replace(found, heart_mask=heart, heart=measure(heart.view(np.uint8), 1))


def test_seg_has_the_heart_as_third_segment() -> None:
    found = with_heart()
    with quiet():
        seg = segread(BytesIO(write_form(found, METADATA, Form.SEG)))
    heart = seg.get_segment_description(HEART)
    assert (heart.segment_label, heart.segmented_property_type.value) == ("Heart", "80891009")
    colour = CIELabColor.from_rgb(*STRUCTURE_COLOURS[HEART])
    assert list(heart.RecommendedDisplayCIELabValue) == list(colour.value)
    planes = {
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber: plane
        for frame, plane in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True)
    }
    assert found.heart_mask is not None
    assert np.array_equal(planes[HEART] > 0, found.heart_mask)
    assert np.array_equal(planes[1] > 0, labels() == 1)
    assert np.array_equal(planes[2] > 0, labels() == 2)


def test_labelmap_has_the_heart_as_number_three() -> None:
    made = read(write_form(with_heart(), METADATA, Form.LABELMAP))
    assert np.array_equal(made.pixel_array, with_heart().structures)


def test_heart_that_was_not_found_has_an_empty_frame() -> None:
    found = with_heart()
    nothing = replace(found, heart_mask=np.zeros(found.labels.shape, np.bool_), heart=None)
    made = read(write_form(nothing, METADATA, Form.SEG))
    assert len(made.SegmentSequence) == made.NumberOfFrames == 3
    assert not made.pixel_array[2].any()


def test_checkpoint_without_hearts_has_two_segments() -> None:
    assert len(read(write_form(segmented(grey()), METADATA, Form.SEG)).SegmentSequence) == 2


def test_heart_of_a_seg_is_left_out_of_a_ground_truth() -> None:
    truth = read_ground_truth(write_form(with_heart(), METADATA, Form.SEG))
    assert np.array_equal(truth.mask, labels() > 0)


def test_report_measures_the_heart_and_refers_to_its_segment() -> None:
    made = dict(write_forms(with_heart(), METADATA, [Form.SR, Form.SEG], series_uid=lambda _: "1.2.3"))
    with quiet():
        content: Any = srread(BytesIO(made[Form.SR])).content
    group = content.get_planar_roi_measurement_groups()[2]
    assert group.finding_type.meaning == "Heart"
    reference = group.referenced_segmentation_frame[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSegmentNumber == HEART
    assert reference.ReferencedSOPInstanceUID == read(made[Form.SEG]).SOPInstanceUID


def test_presentation_state_has_a_layer_for_the_heart() -> None:
    made = read(write_form(with_heart(), METADATA, Form.GSPS))
    assert "HEART" in {layer.GraphicLayer for layer in made.GraphicLayerSequence}


@pytest.mark.parametrize("form", [Form.SEG, Form.SR, Form.GSPS, Form.SC])
def test_dciodvfy_finds_no_error(form: Form, tmp_path: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt-get install dicom3tools")
    found = with_heart()
    pixels = np.zeros(found.labels.shape, np.uint8)
    found = replace(found, radiograph=replace(found.radiograph, pixels=pixels))
    (tmp_path / "made.dcm").write_bytes(write_form(found, METADATA, form))
    checked = subprocess.run(
        [program, str(tmp_path / "made.dcm")], capture_output=True, text=True, check=False
    )
    assert "Error" not in checked.stderr
