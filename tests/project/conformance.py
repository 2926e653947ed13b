"""Objects of each form, of sources with as many and as few attributes as possible, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from model.lungs import Lung
from model.quality import Quality, Warning
from model.writing.dicom.forms import Form, write_form
from tests.model.writing.dicom.test_seg import METADATA, radiograph, read, segmented
from tests.model.writing.shapes import HEIGHT, WIDTH, labels

FORMS = (Form.SEG, Form.SC, Form.GSPS, Form.SR)

_OPAQUE = frozenset({"ContentSequence", "PixelData", "ReferencedStudySequence", "ReferencedPatientSequence"})
"""Not described item by item: the report's content is that of its templates, the others are copied."""


def _code(value: str = "1") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99TEST", "Meaning"
    return item


def full_source() -> Dataset:
    """A source with every attribute that is carried over."""
    from model.writing.dicom.source import _MAY_BE_MISSING, _SEQUENCES, _SEQUENCES_OF_ONE

    source = radiograph()
    numbers: dict[str, Any] = {"PregnancyStatus": 4}
    for keyword in _MAY_BE_MISSING:
        setattr(source, keyword, numbers.get(keyword) or _value(keyword))
    for keyword in (*_SEQUENCES, *_SEQUENCES_OF_ONE):
        item = _code()
        if keyword in ("ReferencedStudySequence", "ReferencedPatientSequence"):
            item = Dataset()
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.3", "1.2.3.4"
        elif keyword.startswith("Issuer"):
            item = Dataset()
            item.LocalNamespaceEntityID = "HERE"
        elif keyword == "OtherPatientIDsSequence":
            item = Dataset()
            item.PatientID, item.TypeOfPatientID = "2", "TEXT"
        setattr(source, keyword, [item])
    source.PatientIdentityRemoved, source.DeidentificationMethod = "YES", "Basic"
    source.DeidentificationMethodCodeSequence = [_code()]
    for keyword in ("SponsorName", "ProtocolID", "ProtocolName", "SiteID", "SiteName", "SubjectID"):
        setattr(source, f"ClinicalTrial{keyword}", "1")
    source.ClinicalTrialSubjectReadingID = source.ClinicalTrialTimePointID = "1"
    source.ClinicalTrialTimePointDescription = "first"
    source.BurnedInAnnotation, source.PixelSpacing = "NO", [0.2, 0.2]
    source.PhotometricInterpretation = "MONOCHROME1"
    source.WindowCenter, source.WindowWidth, source.VOILUTFunction = 500, 800, "LINEAR"
    source.RescaleIntercept, source.RescaleSlope, source.RescaleType = 0, 2, "US"
    return source


def bare_source() -> Dataset:
    """A source with nothing but what must be referred to."""
    source = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        source[keyword] = radiograph()[keyword]
    source.Rows, source.Columns = HEIGHT, WIDTH
    return source


def samples(form: Form) -> list[Dataset]:
    """Objects of a form."""
    untrusted = Quality(predicted_iou=0.5, trusted=False, warnings=(Warning("one_lung", "One lung."),))
    one_lung = np.where(labels() == 1, labels(), 0).astype(np.uint8)
    no_lung = np.zeros_like(labels())
    full = segmented(full_source(), applied=("rescale", "window", "inverted"))
    heart = Lung(area_px=9, area_mm2=None, box=(18, 40, 25, 12), centroid=(30, 45))
    lut = radiograph()
    lut.VOILUTSequence = [_lut()]
    lut.ModalityLUTSequence = [_lut()]
    lut.ModalityLUTSequence[0].ModalityLUTType = "US"
    lut.PixelAspectRatio = [2, 1]
    made = [
        full,
        replace(full, heart=heart, heart_mask=np.zeros(full.labels.shape, bool)),
        segmented(bare_source()),
        segmented(radiograph(), quality=untrusted),
        segmented(radiograph(), one_lung),
        segmented(radiograph(), no_lung, quality=untrusted),
        segmented(lut, applied=("modality_lut", "voi_lut")),
    ]
    return [read(write_form(one, METADATA, form)) for one in made]


def _lut() -> Dataset:
    item = Dataset()
    item.LUTDescriptor, item.LUTExplanation = [256, 0, 8], "table"
    item.LUTData = np.arange(256, dtype=np.uint16).tobytes()
    item["LUTData"].VR = "OW"
    item["LUTDescriptor"].VR = "US"
    return item


def _value(keyword: str) -> Any:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    tag = tag_for_keyword(keyword)
    assert tag is not None
    special = {
        "LossyImageCompression": "01",
        "QualityControlSubject": "NO",
        "SmokingStatus": "NO",
        "TypeOfPatientID": "TEXT",
        "ViewPosition": "PA",
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    by_vr = {"AS": "054Y", "DA": "20240101", "DS": "2", "DT": "20240101", "IS": "1", "TM": "101112"}
    return special.get(keyword) or by_vr.get(dictionary_VR(tag), "TEXT")


def attributes(dataset: Dataset) -> dict[str, tuple[str, str, Any]]:
    """Tag, VR and value of each attribute by its path, such as ``SegmentSequence > SegmentLabel``."""
    return dict(_walk(dataset, ""))


def _walk(dataset: Dataset, prefix: str) -> Iterator[tuple[str, tuple[str, str, Any]]]:
    for element in dataset:
        keyword = keyword_for_tag(element.tag)
        path = prefix + keyword
        yield path, (f"({element.tag.group:04X},{element.tag.element:04X})", element.VR, element.value)
        if element.VR == "SQ" and keyword not in _OPAQUE and not keyword.endswith("CodeSequence"):
            for item in element.value:
                yield from _walk(item, f"{path} > ")
