import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.sr import srread

from model.lungs import Lung
from model.quiet import quiet
from model.writing.dicom.forms import Form, write_form, write_forms

from ..shapes import labels
from .test_forms import UNTRUSTED, grey, written
from .test_seg import METADATA, read, segmented


def report(**options: Any) -> Any:
    with quiet():
        return srread(BytesIO(written(Form.SR, **options)))


def values(group: Any) -> Any:
    return {m.name.meaning: (float(m.value), m.unit.value) for m in group.get_measurements()}


def test_areas_heights_and_widths_are_in_millimetres_where_the_spacing_is_known() -> None:
    source = grey()
    source.PixelSpacing = [0.2, 0.5]
    right, left = report(source=source).content.get_planar_roi_measurement_groups()
    rows, columns = np.nonzero(labels() == 2)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert values(left) == {
        "Area": (pytest.approx(400 * 0.1), "mm2"),
        "Height": (pytest.approx(height * 0.2), "mm"),
        "Width": (pytest.approx(width * 0.5), "mm"),
    }
    assert values(right)["Area"] == (pytest.approx(612 * 0.1), "mm2")


def test_measurements_are_in_pixels_without_a_spacing() -> None:
    _, left = report().content.get_planar_roi_measurement_groups()
    assert values(left) == {
        "Area": (400, "{pixels}"),
        "Height": (40, "{pixels}"),
        "Width": (10, "{pixels}"),
    }


def test_each_lung_refers_to_its_segment_in_the_seg_that_goes_with_it() -> None:
    made = dict(write_forms(segmented(grey()), METADATA, [Form.SR, Form.SEG], series_uid=lambda _: "1.2.3"))
    seg = read(made[Form.SEG])
    assert seg.SeriesInstanceUID == "1.2.3"
    with quiet():
        content: Any = srread(BytesIO(made[Form.SR])).content
    for number, group in enumerate(content.get_planar_roi_measurement_groups(), start=1):
        reference = group.referenced_segmentation_frame[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == number
    evidence = [
        item.ReferencedSOPInstanceUID
        for study in read(made[Form.SR]).CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]
    assert sorted(evidence) == sorted(["1.2.3.4.1", seg.SOPInstanceUID])


def test_report_alone_refers_to_the_seg_made_alone() -> None:
    (group, _) = report().content.get_planar_roi_measurement_groups()
    reference = group.referenced_segmentation_frame[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == read(written(Form.SEG)).SOPInstanceUID


def test_report_has_trust_predicted_iou_and_warnings() -> None:
    (group,) = report(quality=UNTRUSTED).content.get_image_measurement_groups()
    assert values(group) == {"Predicted intersection over union": (0.612, "{ratio}")}
    found = {one.name.meaning: one.value.meaning for one in group.get_qualitative_evaluations()}
    assert found == {"Segmentation trusted": "No", "Warning": "one lung"}


def test_report_has_the_cardiothoracic_ratio() -> None:
    from dataclasses import replace

    found = segmented(grey())
    heart = Lung(area_px=300, area_mm2=None, box=(18, 40, 25, 12), centroid=(30, 45))
    with_heart = replace(found, heart=heart, heart_mask=np.zeros(found.labels.shape, bool))
    assert with_heart.cardiothoracic_ratio is not None
    with quiet():
        content: Any = srread(BytesIO(write_form(with_heart, METADATA, Form.SR))).content
    (group,) = content.get_image_measurement_groups()
    ratio = with_heart.cardiothoracic_ratio.value
    assert ratio is not None
    assert values(group)["Cardiothoracic ratio"] == (pytest.approx(ratio, abs=1e-3), "{ratio}")


def test_lung_that_was_not_found_has_no_measurements() -> None:
    drawn = np.where(labels() == 2, labels(), 0).astype(np.uint8)
    (group,) = report(drawn=drawn).content.get_planar_roi_measurement_groups()
    assert group.finding_type.meaning == "Left lung"


def test_dsrdump_reads_the_report(tmp_path: Path) -> None:
    program = shutil.which("dsrdump")
    if program is None:
        pytest.skip("dsrdump is not installed: apt-get install dcmtk")
    (tmp_path / "sr.dcm").write_bytes(written(Form.SR, quality=UNTRUSTED))
    dumped = subprocess.run(
        [program, str(tmp_path / "sr.dcm")], check=True, capture_output=True, text=True
    ).stdout
    assert 'NUM:(,,"Area")="400' in dumped
    assert '"Segmentation trusted")=(373067005,SCT,"No")' in dumped
