"""Properties of every DICOM object that is derived from a radiograph."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from model.checkpoint import CheckpointMetadata
from model.errors import SizeMismatch, UnsuitableImage
from model.quality import Quality, Warning
from model.segmentation import Segmentation
from model.writing.dicom.forms import Form, write_form, write_forms

from ..shapes import HEIGHT, WIDTH, labels
from .test_seg import (
    METADATA,
    PATIENT_AND_STUDY,
    SOP_CLASSES,
    radiograph,
    read,
    segmented,
    through_a_file,
    violations,
)

FORMS = [Form.SEG, Form.SC, Form.SC_OUTLINES, Form.GSPS, Form.SR]
IODS = {
    Form.SEG: (SegmentationStorage, "Segmentation"),
    Form.SC: (SecondaryCaptureImageStorage, "SCImage"),
    Form.SC_OUTLINES: (SecondaryCaptureImageStorage, "SCImage"),
    Form.GSPS: (GrayscaleSoftcopyPresentationStateStorage, "GrayscaleSoftcopyPresentationState"),
    Form.SR: (ComprehensiveSRStorage, "ComprehensiveSR"),
}
UNTRUSTED = Quality(
    predicted_iou=0.612, trusted=False, warnings=(Warning("one_lung", "Only one lung was found."),)
)


def grey(sop_class: UID = SOP_CLASSES[0]) -> Dataset:
    source = radiograph(sop_class)
    source.PhotometricInterpretation = "MONOCHROME2"
    return source


def written(form: Form, source: Dataset | None = None, **options: Any) -> bytes:
    return write_form(segmented(source or grey(), **options), METADATA, form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("quality", [None, UNTRUSTED])
@pytest.mark.parametrize("sop_class", SOP_CLASSES)
def test_dciodvfy_finds_no_error(form: Form, quality: Quality | None, sop_class: UID, tmp_path: Path) -> None:
    source = grey(sop_class)
    source.PixelSpacing = [0.2, 0.15]
    options = {} if quality is None else {"quality": quality}
    data = written(form, source, **options)
    assert read(data).SOPClassUID == IODS[form][0]
    assert violations(data, tmp_path, iod=IODS[form][1]) == []


@pytest.mark.parametrize("form", FORMS)
def test_source_with_the_minimum_of_attributes_is_sufficient(form: Form, tmp_path: Path) -> None:
    source = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        source[keyword] = radiograph()[keyword]
    source.Rows, source.Columns = HEIGHT, WIDTH
    assert violations(written(form, source), tmp_path, iod=IODS[form][1]) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("found", [[1], [2], []])
def test_missing_lung_is_accepted(form: Form, found: list[int], tmp_path: Path) -> None:
    drawn = np.where(np.isin(labels(), found), labels(), 0).astype(np.uint8)
    assert violations(written(form, drawn=drawn), tmp_path, iod=IODS[form][1]) == []


@pytest.mark.parametrize("form", FORMS)
def test_patient_and_study_are_carried_over(form: Form) -> None:
    source = grey()
    source.PatientName = "Müller^Änne"
    made = read(written(form, through_a_file(source)))
    for keyword in PATIENT_AND_STUDY:
        assert made[keyword].value == source[keyword].value, keyword
    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert made.SeriesInstanceUID != source.SeriesInstanceUID


@pytest.mark.parametrize("form", FORMS)
def test_result_is_deterministic(form: Form) -> None:
    assert written(form) == written(form)


@pytest.mark.parametrize("form", FORMS)
def test_another_source_another_mask_and_other_weights_have_other_uids(form: Form) -> None:
    one = read(written(form))
    source = grey()
    source.SOPInstanceUID = "1.2.3.4.9"
    other = read(written(form, source))
    assert other.SeriesInstanceUID != one.SeriesInstanceUID
    drawn = labels()
    drawn[30, 12] = 0
    assert read(written(form, drawn=drawn)).SOPInstanceUID != one.SOPInstanceUID
    weights = CheckpointMetadata(name=METADATA.name, sha256="f" * 64)
    later = read(write_form(segmented(grey()), weights, form))
    assert later.SeriesInstanceUID != one.SeriesInstanceUID
    assert later.SOPInstanceUID != one.SOPInstanceUID


def test_each_form_has_a_separate_series() -> None:
    made = [read(data) for _, data in write_forms(segmented(grey()), METADATA, FORMS)]
    assert len({one.SeriesInstanceUID for one in made}) == len(FORMS)
    assert len({one.SeriesNumber for one in made}) == len(FORMS)
    assert len({one.SOPInstanceUID for one in made}) == len(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_series_description_says_not_trusted(form: Form) -> None:
    assert ", not trusted" in read(written(form, quality=UNTRUSTED)).SeriesDescription
    assert "trusted" not in read(written(form)).SeriesDescription


@pytest.mark.parametrize("form", FORMS)
def test_image_that_is_not_dicom_is_rejected(form: Form) -> None:
    with pytest.raises(UnsuitableImage):
        write_form(_without_dataset(), METADATA, form)


@pytest.mark.parametrize("form", FORMS)
def test_labels_of_another_size_are_rejected(form: Form) -> None:
    with pytest.raises(SizeMismatch):
        written(form, drawn=labels()[1:])


def _without_dataset() -> Segmentation:
    from dataclasses import replace

    found = segmented(grey())
    return replace(found, radiograph=replace(found.radiograph, dataset=None))
