"""DICOM SEG over HTTP: valid for field files, and the same bytes as the command line writes."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from model.writing.formats import Format, write
from tests.app.conftest import Service
from tests.app.fakes import dicom, encode, picture, segmenter, truth

FIELD = [
    "50-patient-orientation-R-F",
    "56-accession-40-and-id-100-characters",
    "57-name-with-backslash",
    "59-procedure-code-without-scheme",
    "pass/seg-date-11-4-2019",
    "pass/seg-japanese-name",
    "pass/seg-sex-male-age-45",
    "pass/odd-length-unpadded",
    "pass/no-preamble-implicit",
    "pass/big-endian",
]


def ask(client: Service, data: bytes) -> bytes:
    answer = client.post("/segment", content=data, headers={"Accept": "application/dicom"})
    assert answer.status_code == 200, answer.text
    return answer.content


def read(data: bytes) -> Dataset:
    return dcmread(BytesIO(data))


def test_command_line_writes_the_same_bytes(shared_client: Service) -> None:
    source, own = dicom(picture()), segmenter()
    written = write(own(source), Format.SEG, metadata=own.metadata, engine=own.engine)
    assert ask(shared_client, source) == written


@pytest.mark.parametrize("path", ["/segment", "/segment.dcm"])
def test_label_map_can_be_requested(path: str, shared_client: Service) -> None:
    source, own = dicom(picture()), segmenter()
    answer = shared_client.post(
        f"{path}?seg=labelmap", content=source, headers={"Accept": "application/dicom"}
    )
    assert answer.status_code == 200, answer.text
    made = read(answer.content)
    assert made.SegmentationType == "LABELMAP"
    assert (made.pixel_array == own(source).labels).all()
    written = write(own(source), Format.LABELMAP, metadata=own.metadata, engine=own.engine)
    assert answer.content == written


@pytest.mark.parametrize("form", ["seg", "sc", "sc-outlines", "gsps", "sr"])
def test_forms_are_the_same_by_accept_query_and_path(form: str, shared_client: Service) -> None:
    source, own = dicom(picture()), segmenter()
    expected = write(own(source), Format(form), metadata=own.metadata, engine=own.engine)
    accept = {"Accept": f"application/json;q=0.5, application/dicom; form={form}"}
    for path, headers in (
        ("/segment", accept),
        (f"/segment?form={form}", {"Accept": "application/dicom"}),
        (f"/segment.dcm?form={form}", {}),
        ("/segment.dcm", accept),
    ):
        answer = shared_client.post(path, content=source, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/dicom"
        assert answer.headers["Pleura-Trusted"] == "false"
        assert answer.content == expected


def test_accept_overrides_the_query(shared_client: Service) -> None:
    answer = shared_client.post(
        "/segment?form=sc", content=dicom(picture()), headers={"Accept": "application/dicom;form=sr"}
    )
    assert read(answer.content).Modality == "SR"


def test_unknown_form_is_answered_with_406(shared_client: Service) -> None:
    answer = shared_client.post(
        "/segment", content=dicom(picture()), headers={"Accept": "application/dicom; form=pdf"}
    )
    assert answer.status_code == 406
    assert "seg, sc, sc-outlines, gsps, sr" in answer.json()["detail"]


@pytest.mark.parametrize("form", ["sc", "sc-outlines", "gsps", "sr"])
def test_form_of_an_image_other_than_dicom_is_rejected(form: str, shared_client: Service) -> None:
    answer = shared_client.post(f"/segment.dcm?form={form}", content=encode(picture()))
    assert answer.status_code == 422


def test_evaluate_supports_each_form(shared_client: Service) -> None:
    files = {"image": ("x.dcm", dicom(picture())), "mask": ("m.png", encode(truth()))}
    accept = {"Accept": "application/dicom; form=sr"}
    answer = shared_client.post("/evaluate", files=files, headers=accept)
    assert answer.status_code == 200, answer.text
    assert read(answer.content).Modality == "SR"


def test_unknown_segmentation_type_is_rejected(shared_client: Service) -> None:
    answer = shared_client.post("/segment?seg=fractional", content=dicom(picture()))
    assert answer.status_code == 422
    assert "binary" in answer.json()["detail"]


def test_untrusted_seg_says_so(shared_client: Service) -> None:
    made = read(ask(shared_client, dicom(picture())))
    assert made.SeriesDescription == "Lung segmentation, not trusted (series 1, image 1)"
    assert made.ContentDescription == "Not trusted, predicted IoU unknown"
    assert "Warning: Only one lung was found" in made.ImageComments


@pytest.mark.parametrize("name", FIELD)
def test_field_files_give_valid_seg(
    name: str, shared_client: Service, shared_field: Path, tmp_path: Path
) -> None:
    file = shared_field / f"{name}.dcm"
    data = ask(shared_client, file.read_bytes())
    made, source = read(data), dcmread(file, force=True)
    assert made.StudyInstanceUID == source.StudyInstanceUID
    match name:
        case "50-patient-orientation-R-F":
            assert list(made.PatientOrientation) == ["R", "F"]
            assert "Pleura-Sides-From: patient_orientation" in made.ImageComments
        case "56-accession-40-and-id-100-characters":
            assert (made.AccessionNumber, made.PatientID) == ("", "")
        case "57-name-with-backslash":
            assert made.PatientName == ""
        case "59-procedure-code-without-scheme":
            assert "ProcedureCodeSequence" not in made
        case "pass/seg-date-11-4-2019":
            assert made.StudyDate == ""
        case "pass/seg-japanese-name":
            assert made.PatientName == source.PatientName
        case "pass/seg-sex-male-age-45":
            assert (made.PatientSex, made.get("PatientAge")) == ("", None)
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed: apt-get install dicom3tools")
    (tmp_path / "seg.dcm").write_bytes(data)
    report = subprocess.run(
        [program, "-new", tmp_path / "seg.dcm"], capture_output=True, text=True, check=False
    )
    assert [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")] == []
