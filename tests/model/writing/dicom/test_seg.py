import datetime
import logging
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from model.checkpoint import CheckpointMetadata
from model.errors import SizeMismatch, UnsuitableImage
from model.lungs import LEFT, RIGHT, measure
from model.quality import Quality, Warning
from model.quiet import quiet
from model.radiograph import Radiograph
from model.reading import read_mask
from model.reading.dicom.sides import read_sides
from model.reading.dicom.spacing import pixel_spacing
from model.segmentation import Segmentation
from model.version import installed_version
from model.writing.colours import STRUCTURE_COLOURS
from model.writing.dicom.seg import dicom_seg

from ..shapes import HEIGHT, WIDTH, labels

SOP_CLASSES = [
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
]


def radiograph(sop_class: UID = ComputedRadiographyImageStorage) -> Dataset:
    source = Dataset()
    source.SOPClassUID = sop_class
    source.SOPInstanceUID = "1.2.3.4.1"
    source.StudyInstanceUID = "1.2.3.4.2"
    source.SeriesInstanceUID = "1.2.3.4.3"
    source.Modality = "CR"
    source.SpecificCharacterSet = "ISO_IR 100"
    source.PatientID = "P-0815"
    source.PatientName = "Müller^Änne"
    source.PatientBirthDate = "19700102"
    source.PatientSex = "F"
    source.PatientAge = "054Y"
    source.StudyDate = "20240301"
    source.StudyTime = "101112"
    source.StudyID = "7"
    source.StudyDescription = "Thorax"
    source.AccessionNumber = "A-1"
    source.ReferringPhysicianName = "Virchow^Rudolf"
    source.PatientOrientation = ["L", "F"]
    source.Rows, source.Columns = HEIGHT, WIDTH
    return source


def through_a_file(source: Dataset) -> Dataset:
    """The same as a reader gives it: elements that are not decoded yet."""
    source.file_meta = FileMetaDataset()
    source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = BytesIO()
    pydicom.dcmwrite(file, source, enforce_file_format=True)
    file.seek(0)
    return pydicom.dcmread(file)


METADATA = CheckpointMetadata(name="pleura-r50-256", sha256="0123456789abcdef" * 4)
TRUSTED = Quality(predicted_iou=0.95678, trusted=True, warnings=())


def write(
    source: Dataset,
    drawn: NDArray[np.uint8] | None = None,
    *,
    metadata: CheckpointMetadata = METADATA,
    labelmap: bool = False,
    **options: Any,
) -> bytes:
    """The segmentation of a radiograph as it would be read from a file of these attributes."""
    return dicom_seg(segmented(source, drawn, **options), metadata, labelmap=labelmap)


def segmented(
    source: Dataset,
    drawn: NDArray[np.uint8] | None = None,
    *,
    quality: Quality = TRUSTED,
    threshold: float = 0.5,
    pixels: NDArray[np.uint8] | None = None,
    applied: tuple[str, ...] = (),
) -> Segmentation:
    """The lungs of a radiograph as it would be read from a file of these attributes."""
    found = labels() if drawn is None else drawn
    with quiet():
        spacing_mm, plane = pixel_spacing(source)
        sides = read_sides(source)
    image = Radiograph(
        pixels=np.zeros(found.shape, np.uint8) if pixels is None else pixels,
        format="dicom",
        applied=applied,
        width=found.shape[1],
        height=found.shape[0],
        spacing_mm=spacing_mm,
        spacing_plane=plane,
        sides=sides,
        dataset=source,
    )
    return Segmentation(
        radiograph=image,
        labels=found,
        threshold=threshold,
        right=measure(found, RIGHT, spacing_mm=spacing_mm),
        left=measure(found, LEFT, spacing_mm=spacing_mm),
        sides_from=sides.source,
        quality=quality,
    )


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def violations(data: bytes, folder: Path, *, iod: str = "Segmentation") -> list[str]:
    """What dciodvfy calls errors."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt-get install dicom3tools")
    file = folder / "seg.dcm"
    file.write_bytes(data)
    report = subprocess.run([program, "-new", str(file)], capture_output=True, text=True, check=False)
    lines = (report.stdout + report.stderr).splitlines()
    assert iod in lines
    return [line for line in lines if line.startswith("Error")]


@pytest.mark.parametrize("sop_class", SOP_CLASSES)
def test_pydicom_reads_the_labels_back(sop_class: UID) -> None:
    seg = read(write(radiograph(sop_class)))
    frames = seg.pixel_array
    assert frames.shape == (2, HEIGHT, WIDTH)
    np.testing.assert_array_equal(frames[0], labels() == 1)
    np.testing.assert_array_equal(frames[1], labels() == 2)


def test_highdicom_reads_the_labels_back() -> None:
    seg = highdicom.seg.segread(BytesIO(write(radiograph())))
    assert seg.segment_numbers == [1, 2]
    pixels = seg.get_pixels_by_source_instance(
        ["1.2.3.4.1"], combine_segments=True, ignore_spatial_locations=False
    )
    np.testing.assert_array_equal(pixels[0], labels())


def test_segments_are_the_lungs_in_snomed_codes() -> None:
    seg = read(write(radiograph()))
    assert seg.SOPClassUID == SegmentationStorage
    assert (seg.Modality, seg.SegmentationType, seg.SegmentsOverlap) == ("SEG", "BINARY", "NO")
    for segment, number, code, meaning in zip(
        seg.SegmentSequence, (1, 2), ("3341006", "44029006"), ("Right lung", "Left lung"), strict=True
    ):
        assert (segment.SegmentNumber, segment.SegmentLabel) == (number, meaning)
        (kind,) = segment.SegmentedPropertyTypeCodeSequence
        assert (kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning) == (code, "SCT", meaning)
        (category,) = segment.SegmentedPropertyCategoryCodeSequence
        assert (category.CodeValue, category.CodingSchemeDesignator) == ("91723000", "SCT")
        assert (segment.SegmentAlgorithmType, segment.SegmentAlgorithmName) == ("AUTOMATIC", "pleura-r50-256")
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (
            "pleura-r50-256",
            f"{installed_version()}+0123456789ab",
        )


PATIENT_AND_STUDY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""What every derived object copies from its radiograph."""


def test_patient_and_study_are_carried_over() -> None:
    source = radiograph()
    seg = read(write(source))
    for keyword in (*PATIENT_AND_STUDY, "PatientOrientation"):
        assert seg[keyword].value == source[keyword].value
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID
    assert "FrameOfReferenceUID" not in seg


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Änne"),
        ("ISO_IR 144", "Люкceмбypг"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
    ],
)
def test_names_survive_in_any_character_set(character_set: str | list[str], name: str) -> None:
    source = radiograph()
    source.ReferringPhysicianName = None
    source.SpecificCharacterSet = character_set
    source.PatientName = name
    seg = read(write(through_a_file(source)))
    assert seg.PatientName == name
    assert seg.SpecificCharacterSet == "ISO_IR 192"


def test_each_frame_refers_to_the_source() -> None:
    seg = read(write(radiograph(DigitalXRayImageStorageForPresentation)))
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "1.2.3.4.3"
    references = [*series.ReferencedInstanceSequence]
    for frame in seg.PerFrameFunctionalGroupsSequence:
        (derivation,) = frame.DerivationImageSequence
        references += derivation.SourceImageSequence
    assert len(references) == 3
    for reference in references:
        assert reference.ReferencedSOPInstanceUID == "1.2.3.4.1"
        assert reference.ReferencedSOPClassUID == DigitalXRayImageStorageForPresentation


@pytest.mark.parametrize("found", [[1], [2], []])
def test_lung_that_was_not_found_has_an_empty_frame(found: list[int], tmp_path: Path) -> None:
    drawn = np.where(np.isin(labels(), found), labels(), 0).astype(np.uint8)
    data = write(radiograph(), drawn)
    seg = read(data)
    assert len(seg.SegmentSequence) == 2
    np.testing.assert_array_equal(seg.pixel_array, [drawn == 1, drawn == 2])
    assert violations(data, tmp_path) == []


@pytest.mark.parametrize("sop_class", SOP_CLASSES)
def test_dciodvfy_finds_no_error(sop_class: UID, tmp_path: Path) -> None:
    source = radiograph(sop_class)
    source.PixelSpacing = [0.2, 0.2]
    assert violations(write(source), tmp_path) == []


def test_source_with_the_bare_minimum(tmp_path: Path) -> None:
    source = Dataset()
    for keyword in (
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "Rows",
        "Columns",
    ):
        source[keyword] = radiograph()[keyword]
    data = write(source)
    assert violations(data, tmp_path) == []
    assert read(data).PatientID == ""


@pytest.mark.parametrize(
    ("attributes", "spacing", "plane"),
    [
        ({"PixelSpacing": [0.2, 0.15]}, [0.2, 0.15], "unknown"),
        ({"ImagerPixelSpacing": [0.2, 0.15]}, [0.2, 0.15], "detector"),
        (
            {"ImagerPixelSpacing": [0.2, 0.15], "EstimatedRadiographicMagnificationFactor": "1.25"},
            [0.16, 0.12],
            "patient",
        ),
        ({}, [1, 1], "none"),
    ],
)
@pytest.mark.parametrize("labelmap", [False, True])
def test_every_frame_lies_in_a_plane_with_the_source_s_spacing(
    attributes: dict[str, Any], spacing: list[float], plane: str, labelmap: bool
) -> None:
    source = radiograph()
    for keyword, value in attributes.items():
        setattr(source, keyword, value)
    made = read(write(source, labelmap=labelmap))
    (shared,) = made.SharedFunctionalGroupsSequence
    (measures,), (orientation,) = shared.PixelMeasuresSequence, shared.PlaneOrientationSequence
    assert list(measures.PixelSpacing) == pytest.approx(spacing)
    assert measures.SliceThickness == 1
    assert list(orientation.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
    for frame in made.PerFrameFunctionalGroupsSequence:
        assert list(frame.PlanePositionSequence[0].ImagePositionPatient) == [0, 0, 0]
    comments = made.ImageComments.splitlines()
    assert f"Pleura-Spacing-Plane: {plane}" in comments
    assert ("Note: The pixel spacing is unknown; 1 mm stands for it." in comments) == (plane == "none")


def test_segments_have_the_colours_of_the_outlines() -> None:
    segments = read(write(radiograph())).SegmentSequence
    for segment, colour in zip(segments, (STRUCTURE_COLOURS[RIGHT], STRUCTURE_COLOURS[LEFT]), strict=True):
        shown = CIELabColor.from_dicom_value(tuple(segment.RecommendedDisplayCIELabValue)).to_rgb()
        assert shown == pytest.approx(colour, abs=1)


def test_several_films_of_a_study_are_told_apart() -> None:
    films = []
    for series, image, view in ((1, 1, "PA"), (2, 1, "LL"), (2, 2, ""), (None, None, None)):
        source = radiograph()
        source.SeriesNumber, source.InstanceNumber, source.ViewPosition = series, image, view
        films.append(read(write(source)))
    assert [film.SeriesDescription for film in films] == [
        "Lung segmentation (series 1, image 1, PA)",
        "Lung segmentation (series 2, image 1, LL)",
        "Lung segmentation (series 2, image 2)",
        "Lung segmentation",
    ]
    assert [film.SeriesNumber for film in films] == [9001001, 9002001, 9002002, 9000000]


def test_description_is_never_too_long(tmp_path: Path) -> None:
    source = radiograph()
    source.SeriesNumber, source.InstanceNumber, source.ViewPosition = 2147483647, -2147483648, "X" * 16
    data = write(source, quality=Quality(predicted_iou=None, trusted=False, warnings=()))
    assert read(data).SeriesDescription.startswith("Lung segmentation, not trusted (series 2147483647,")
    assert violations(data, tmp_path) == []


@pytest.mark.parametrize("found", [[1, 2], [1], [2], []])
def test_label_map_is_one_frame_of_the_segments_numbers(found: list[int]) -> None:
    drawn = np.where(np.isin(labels(), found), labels(), 0).astype(np.uint8)
    data = write(radiograph(), drawn, labelmap=True)
    made = read(data)
    assert (made.SOPClassUID, made.SegmentationType) == ("1.2.840.10008.5.1.4.1.1.66.7", "LABELMAP")
    np.testing.assert_array_equal(made.pixel_array, drawn)
    assert [segment.SegmentLabel for segment in made.SegmentSequence][-2:] == ["Right lung", "Left lung"]
    pixels = highdicom.seg.segread(BytesIO(data)).get_pixels_by_source_instance(
        ["1.2.3.4.1"], combine_segments=True
    )
    np.testing.assert_array_equal(pixels[0], drawn)
    np.testing.assert_array_equal(read_mask(data), drawn > 0)


def test_another_form_is_another_series() -> None:
    binary, labelmap = read(write(radiograph())), read(write(radiograph(), labelmap=True))
    assert binary.SeriesInstanceUID != labelmap.SeriesInstanceUID
    assert binary.SOPInstanceUID != labelmap.SOPInstanceUID
    assert write(radiograph(), labelmap=True) == write(radiograph(), labelmap=True)


MALFORMED: list[tuple[str, bytes]] = [
    ("AccessionNumber", b"A" * 40),
    ("PatientID", b"9" * 100),
    ("PatientID", b"9\\8 "),
    ("PatientID", b"9\a"),
    ("StudyID", b"A" * 17),
    ("PatientName", b"Doe\\Jane"),
    ("PatientName", b"Doe^" + b"J" * 64),
    ("PatientName", b"a^b^c^d^e^f^g "),
    ("PatientName", b"a=b=c=d "),
    ("PatientName", b"M\xfcller"),
    ("ReferringPhysicianName", b"A\\B "),
    ("StudyDescription", b"x" * 66),
    ("StudyDescription", b"\xff\xfe"),
    ("PatientAge", b"62"),
    ("PatientAge", b"Y062"),
    ("PatientSex", b"X "),
    ("PatientSex", b"male"),
    ("PatientSex", b"M\\F "),
    ("StudyDate", b"2020.01.02"),
    ("StudyDate", b"11/4/2019 "),
    ("StudyDate", b"20200230"),
    ("StudyDate", b"20200101-20200102 "),
    ("StudyTime", b"noon"),
    ("StudyTime", b"12:30:00"),
    ("StudyTime", b"2530"),
    ("StudyTime", b"10-11 "),
    ("StudyTime", b"235960"),
    ("PatientBirthTime", b"235960.5"),
    ("AcquisitionDateTime", b"20161231235960"),
    ("PatientComments", b"one\ttwo "),
    ("PatientBirthDate", b"unknown "),
    ("PatientWeight", b"71,5"),
    ("PatientWeight", b"71.500000000000001"),
    ("PatientSize", b"1e9999"),
    ("PregnancyStatus", b"\x09\x00"),
    ("PregnancyStatus", b"\x01"),
    ("SmokingStatus", b"PERHAPS "),
    ("Manufacturer", b"x" * 66),
    ("PixelSpacing", b"0,2\\0,2 "),
    ("PixelSpacing", b"0\\0 "),
    ("PixelSpacing", b"0.2 "),
    ("ContentDate", b"20261399"),
    ("ReferencedStudySequence", b"not a sequence"),
]


def with_bytes(keyword: str, value: bytes, vr: str | None = None) -> Dataset:
    """A source whose attribute is these bytes, whatever the standard says of them, as a reader gives it."""
    source = radiograph()
    source.SpecificCharacterSet = "ISO_IR 192"
    tag = Tag(source_tag(keyword))
    source[tag] = RawDataElement(tag, vr or source_vr(keyword), len(value), value, 0, False, True)
    return source


@pytest.mark.parametrize(("keyword", "value"), MALFORMED)
def test_what_is_too_long_or_malformed_stays_empty(keyword: str, value: bytes, tmp_path: Path) -> None:
    data = write(with_bytes(keyword, value))
    made = read(data)
    if keyword != "ContentDate":
        carried = made.get(keyword)
        assert not carried or keyword == "Manufacturer"
    assert len(value) < 4 or value not in data
    assert made.PatientID == "P-0815" or keyword == "PatientID"
    assert violations(data, tmp_path) == []


@pytest.mark.parametrize("character_set", [b"ISO_IR 999", b"ISO_IR 6", b"", b"garbage "])
def test_text_in_no_character_set_that_is_declared_stays_empty(character_set: bytes, tmp_path: Path) -> None:
    source = with_bytes("PatientName", b"M\xfcller^\xc4nne")
    source[0x00080005] = RawDataElement(
        Tag(0x00080005), "CS", len(character_set), character_set, 0, False, True
    )
    data = write(source)
    assert read(data).PatientName == ""
    assert read(data).PatientID == "P-0815"
    assert violations(data, tmp_path) == []


def test_another_representation_than_the_standard_s_counts_as_missing(tmp_path: Path) -> None:
    data = write(with_bytes("StudyTime", b"\x0c\x00", "US"))
    assert read(data).StudyTime == ""
    assert violations(data, tmp_path) == []


def code(**parts: str) -> Dataset:
    item = Dataset()
    for keyword, value in parts.items():
        setattr(item, keyword, value)
    return item


WHOLE = {"CodeValue": "36643-5", "CodingSchemeDesignator": "LN", "CodeMeaning": "Chest X-ray, two views"}
SEQUENCES = [
    ("ProcedureCodeSequence", WHOLE, 1),
    ("ProcedureCodeSequence", {"CodeValue": "1", "CodeMeaning": "no scheme"}, 0),
    ("ProcedureCodeSequence", {"CodeValue": "1", "CodingSchemeDesignator": "LN"}, 0),
    ("ProcedureCodeSequence", {"CodingSchemeDesignator": "LN", "CodeMeaning": "no value"}, 0),
    ("ProcedureCodeSequence", {"URNCodeValue": "urn:oid:1.2", "CodeMeaning": "by URN"}, 1),
    ("ProcedureCodeSequence", {}, 0),
    ("AdmittingDiagnosesCodeSequence", WHOLE, 1),
    ("RequestingServiceCodeSequence", WHOLE, 1),
    ("IssuerOfAccessionNumberSequence", {"LocalNamespaceEntityID": "clinic"}, 1),
    (
        "IssuerOfAccessionNumberSequence",
        {"UniversalEntityID": "1.2.3", "UniversalEntityIDType": "ISO"},
        1,
    ),
    ("IssuerOfAccessionNumberSequence", {"UniversalEntityID": "1.2.3"}, 0),
    ("ReferencedStudySequence", {"ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1"}, 0),
    (
        "ReferencedStudySequence",
        {"ReferencedSOPClassUID": "1.2.840.10008.3.1.2.3.1", "ReferencedSOPInstanceUID": "1.2.3"},
        1,
    ),
    ("OtherPatientIDsSequence", {"PatientID": "X-2", "TypeOfPatientID": "TEXT"}, 1),
    ("OtherPatientIDsSequence", {"IssuerOfPatientID": "clinic"}, 0),
    ("DeidentificationMethodCodeSequence", WHOLE, 0),
]


@pytest.mark.parametrize(("keyword", "parts", "items"), SEQUENCES)
def test_items_of_sequences_are_carried_over_if_they_are_whole(
    keyword: str, parts: dict[str, str], items: int, tmp_path: Path
) -> None:
    source = radiograph()
    setattr(source, keyword, [code(**parts)])
    data = write(through_a_file(source))
    found = read(data).get(keyword) or []
    assert len(found) == items
    for item in found:
        assert {element.keyword: element.value for element in item} == parts
    assert violations(data, tmp_path) == []


def test_broken_items_leave_the_whole_ones() -> None:
    source = radiograph()
    source.ProcedureCodeSequence = [code(CodeMeaning="nothing else"), code(**WHOLE)]
    (item,) = read(write(source)).ProcedureCodeSequence
    assert item.CodeValue == "36643-5"


def test_codes_have_a_form_too(tmp_path: Path) -> None:
    source = radiograph()
    item = code(**WHOLE)
    item[0x00080102] = RawDataElement(Tag(0x00080102), "SH", 20, b"x" * 20, 0, False, True)
    source.ProcedureCodeSequence = [item]
    data = write(source)
    assert "ProcedureCodeSequence" not in read(data)
    assert violations(data, tmp_path) == []


@pytest.mark.parametrize("complete", [True, False])
def test_deidentification_and_trial_are_carried_over_if_they_are_complete(
    complete: bool, tmp_path: Path
) -> None:
    source = radiograph()
    source.PatientIdentityRemoved = "YES"
    source.ClinicalTrialSponsorName = "A sponsor"
    source.ClinicalTrialSubjectID = "S-1"
    if complete:
        source.DeidentificationMethod = "by hand"
        source.ClinicalTrialProtocolID = "P-1"
    data = write(source)
    made = read(data)
    for keyword in ("PatientIdentityRemoved", "ClinicalTrialSponsorName", "ClinicalTrialSubjectID"):
        assert made.get(keyword) == (source[keyword].value if complete else None)
    assert violations(data, tmp_path) == []


def test_lossy_source_makes_a_lossy_segmentation(tmp_path: Path) -> None:
    source = radiograph()
    source.LossyImageCompression, source.LossyImageCompressionRatio = "01", "12.5"
    source.LossyImageCompressionMethod = "ISO_10918_1"
    data = write(source)
    assert (read(data).LossyImageCompression, read(data).LossyImageCompressionRatio) == ("01", 12.5)
    assert violations(data, tmp_path) == []


def source_tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


def source_vr(keyword: str) -> str:
    return dictionary_VR(source_tag(keyword))


def test_nothing_of_the_header_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = radiograph()
    source.PatientName = "Doe^^^^^^^Jane"
    write(source)
    assert caplog.text == ""


def test_source_is_left_alone() -> None:
    source = radiograph()
    del source.StudyID
    before = source.to_json()
    write(source)
    assert source.to_json() == before


def test_same_segmentation_is_the_same_instance() -> None:
    once, again = read(write(radiograph())), read(write(radiograph()))
    assert once.SOPInstanceUID == again.SOPInstanceUID
    assert once.SeriesInstanceUID == again.SeriesInstanceUID
    other = read(write(radiograph(), np.zeros((HEIGHT, WIDTH), np.uint8)))
    assert other.SOPInstanceUID != once.SOPInstanceUID
    assert other.SeriesInstanceUID == once.SeriesInstanceUID
    newer = read(write(radiograph(), metadata=CheckpointMetadata(name="pleura-r50-256", sha256="f" * 64)))
    assert newer.SOPInstanceUID != once.SOPInstanceUID
    assert newer.SeriesInstanceUID != once.SeriesInstanceUID


def test_same_segmentation_is_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    once = write(radiograph())

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Later":
            return cls(2099, 12, 31, 23, 59, 59)

    monkeypatch.setattr("datetime.datetime", Later)
    assert write(radiograph()) == once
    assert write(through_a_file(radiograph())) == once
    assert b"2099" not in once


@pytest.mark.parametrize(
    "change",
    [
        {"quality": Quality(predicted_iou=0.7, trusted=True, warnings=())},
        {"quality": Quality(predicted_iou=0.95678, trusted=False, warnings=())},
        {"threshold": 0.4},
        {"metadata": CheckpointMetadata(name="another", sha256="0123456789abcdef" * 4)},
    ],
)
def test_other_bytes_are_another_instance(change: dict[str, Any]) -> None:
    assert read(write(radiograph(), **change)).SOPInstanceUID != read(write(radiograph())).SOPInstanceUID


def test_another_header_is_another_instance_in_the_same_series() -> None:
    source = radiograph()
    source.PatientName = "Corrected^Name"
    once, again = read(write(radiograph())), read(write(source))
    assert once.SOPInstanceUID != again.SOPInstanceUID
    assert once.SeriesInstanceUID == again.SeriesInstanceUID
    assert again.file_meta.MediaStorageSOPInstanceUID == again.SOPInstanceUID


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ContentDate": "20240302", "ContentTime": "080910.5"}, ("20240302", "080910.5")),
        ({"ContentDate": "20240302"}, ("20240302", "000000")),
        ({"AcquisitionDate": "20240303", "AcquisitionTime": "0708"}, ("20240303", "0708")),
        ({"ContentTime": "080910", "SeriesDate": "20240304"}, ("20240304", "000000")),
        ({}, ("20240301", "101112")),
        ({"StudyDate": None}, ("19000101", "000000")),
    ],
)
def test_times_are_the_source_s(
    attributes: dict[str, str | None], expected: tuple[str, str], tmp_path: Path
) -> None:
    source = radiograph()
    for keyword, value in attributes.items():
        setattr(source, keyword, value)
    data = write(source)
    made = read(data)
    assert (made.ContentDate, made.ContentTime) == expected
    assert "InstanceCreationDate" not in made
    assert violations(data, tmp_path) == []


def test_trusted_segmentation_says_so(tmp_path: Path) -> None:
    data = write(radiograph())
    made = read(data)
    assert made.SeriesDescription == "Lung segmentation"
    assert made.ContentDescription == "Trusted, predicted IoU 0.9568"
    assert [segment.SegmentDescription for segment in made.SegmentSequence] == [made.ContentDescription] * 2
    assert made.ImageComments.splitlines()[:2] == [
        "Pleura-Trusted: true",
        "Pleura-Predicted-IoU: 0.9568",
    ]
    assert violations(data, tmp_path) == []


@pytest.mark.parametrize(("predicted", "words"), [(0.4, "0.4"), (None, "unknown")])
def test_segmentation_that_is_not_trusted_says_so_and_why(
    predicted: float | None, words: str, tmp_path: Path
) -> None:
    warnings = (Warning("one_lung", "Only one lung was found."), Warning("asymmetry", "Größe."))
    data = write(radiograph(), quality=Quality(predicted_iou=predicted, trusted=False, warnings=warnings))
    made = read(data)
    assert made.SeriesDescription == "Lung segmentation, not trusted"
    assert made.ContentDescription == f"Not trusted, predicted IoU {words}"
    assert [segment.SegmentDescription for segment in made.SegmentSequence] == [made.ContentDescription] * 2
    assert made.ImageComments.splitlines() == [
        "Pleura-Trusted: false",
        *([f"Pleura-Predicted-IoU: {words}"] if predicted else []),
        "Pleura-Warnings: one_lung, asymmetry",
        "Pleura-Sides-From: patient_orientation",
        "Pleura-Spacing-Plane: none",
        "Warning: Only one lung was found.",
        "Warning: Größe.",
        "Note: The pixel spacing is unknown; 1 mm stands for it.",
    ]
    assert violations(data, tmp_path) == []


def test_any_name_of_a_checkpoint_can_be_written(tmp_path: Path) -> None:
    named = CheckpointMetadata(name="runs\\mine\n" + "x" * 80, sha256="0" * 64)
    data = write(radiograph(), metadata=named)
    assert read(data).ManufacturerModelName == "runs_mine_" + "x" * 54
    assert violations(data, tmp_path) == []


def test_labels_of_another_size_are_rejected() -> None:
    with pytest.raises(SizeMismatch, match="53×60 pixels and the DICOM image 53×61"):
        write(radiograph(), labels()[1:])


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", [b"1.2.x ", b"1.2\\1.3 ", b"1" * 66, b""])
def test_malformed_uid_cannot_be_referred_to(keyword: str, value: bytes) -> None:
    with pytest.raises(UnsuitableImage, match=rf"no valid {keyword}\."):
        write(with_bytes(keyword, value))


def test_image_is_referred_to_by_the_name_that_the_pacs_knows() -> None:
    data = write(with_bytes("StudyInstanceUID", b"1.2.003.0400"))
    with quiet():
        assert read(data).StudyInstanceUID == "1.2.003.0400"


@pytest.mark.parametrize(
    "keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "Rows"]
)
def test_source_that_cannot_be_referred_to_is_rejected(keyword: str) -> None:
    source = radiograph()
    del source[keyword]
    with pytest.raises(UnsuitableImage, match=keyword):
        write(source)


def test_source_of_a_class_that_does_not_exist_is_rejected() -> None:
    with pytest.raises(UnsuitableImage, match="SOPClassUID"):
        write(radiograph(UID("1.2.3.4.5")))


@pytest.mark.parametrize(
    "name",
    ["NEMA_RG1_J2KI.dcm", "NEMA_RG1_JLSN.dcm", "siim_6904.dcm", "gdcm-CR-MONO1-10-chest.dcm"],
)
@pytest.mark.filterwarnings("default:Invalid value for VR:UserWarning")
def test_real_radiographs(name: str, shared_dicom: Path, tmp_path: Path) -> None:
    source = pydicom.dcmread(shared_dicom / name, stop_before_pixels=True)
    drawn = np.zeros((source.Rows, source.Columns), np.uint8)
    drawn[50:300, 40:150] = 1
    drawn[60:280, 200:330] = 2
    data = write(source, drawn)
    np.testing.assert_array_equal(read(data).pixel_array, [drawn == 1, drawn == 2])
    assert violations(data, tmp_path) == []
