import logging
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from model.errors import SizeMismatch, UnsuitableImage
from model.writing.seg import dicom_seg

from .shapes import HEIGHT, WIDTH, labels

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


def write(source: Dataset, drawn: NDArray[np.uint8] | None = None) -> bytes:
    return dicom_seg(
        source,
        labels() if drawn is None else drawn,
        algorithm_name="pleura-r50-256",
        algorithm_version="0.1.0",
    )


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def violations(data: bytes, folder: Path) -> list[str]:
    """What dciodvfy calls errors."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt-get install dicom3tools")
    file = folder / "seg.dcm"
    file.write_bytes(data)
    report = subprocess.run([program, "-new", str(file)], capture_output=True, text=True, check=False)
    lines = (report.stdout + report.stderr).splitlines()
    assert "Segmentation" in lines
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


def test_the_segments_are_the_lungs_in_snomed_codes() -> None:
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
        assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("pleura-r50-256", "0.1.0")


def test_patient_and_study_are_carried_over() -> None:
    source = radiograph()
    seg = read(write(source))
    for keyword in (
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
        "PatientOrientation",
    ):
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
def test_a_lung_that_was_not_found_has_an_empty_frame(found: list[int], tmp_path: Path) -> None:
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


def test_a_source_with_the_bare_minimum(tmp_path: Path) -> None:
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


def test_spacing_of_the_patient_is_carried_over() -> None:
    source = radiograph()
    source.PixelSpacing = [0.2, 0.15]
    (shared,) = read(write(source)).SharedFunctionalGroupsSequence
    assert list(shared.PixelMeasuresSequence[0].PixelSpacing) == [0.2, 0.15]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientAge", "62"),
        ("PatientSex", "X"),
        ("StudyDate", "2020.01.02"),
        ("StudyTime", "noon"),
        ("PatientBirthDate", "unknown"),
        ("PixelSpacing", ["0", "0"]),
        ("PixelSpacing", "0.2"),
        ("PatientOrientation", ["l", "f"]),
    ],
)
def test_values_that_the_standard_does_not_allow_are_left_out(
    keyword: str, value: str | list[str], tmp_path: Path
) -> None:
    source = radiograph()
    source.add(pydicom.DataElement(keyword, source_vr(keyword), value, validation_mode=pydicom.config.IGNORE))
    data = write(source)
    assert not read(data).get(keyword)
    assert violations(data, tmp_path) == []


def source_vr(keyword: str) -> str:
    tag = pydicom.datadict.tag_for_keyword(keyword)
    assert tag is not None
    return pydicom.datadict.dictionary_VR(tag)


def test_nothing_of_the_header_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = radiograph()
    source.PatientName = "Doe^^^^^^^Jane"
    write(source)
    assert caplog.text == ""


def test_the_source_is_left_alone() -> None:
    source = radiograph()
    del source.StudyID
    before = source.to_json()
    write(source)
    assert source.to_json() == before


def test_the_same_segmentation_is_the_same_instance() -> None:
    once, again = read(write(radiograph())), read(write(radiograph()))
    assert once.SOPInstanceUID == again.SOPInstanceUID
    assert once.SeriesInstanceUID == again.SeriesInstanceUID
    other = read(write(radiograph(), np.zeros((HEIGHT, WIDTH), np.uint8)))
    assert other.SOPInstanceUID != once.SOPInstanceUID
    assert other.SeriesInstanceUID == once.SeriesInstanceUID
    newer = read(
        dicom_seg(radiograph(), labels(), algorithm_name="pleura-r50-256", algorithm_version="0.2.0")
    )
    assert newer.SOPInstanceUID != once.SOPInstanceUID
    assert newer.SeriesInstanceUID != once.SeriesInstanceUID


def test_labels_of_another_size_are_refused() -> None:
    with pytest.raises(SizeMismatch, match="53×60 pixels and the DICOM image 53×61"):
        write(radiograph(), labels()[1:])


@pytest.mark.parametrize(
    "keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "Rows"]
)
def test_a_source_that_cannot_be_referred_to_is_refused(keyword: str) -> None:
    source = radiograph()
    del source[keyword]
    with pytest.raises(UnsuitableImage, match=keyword):
        write(source)


def test_a_source_of_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnsuitableImage, match="does not follow the standard"):
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
