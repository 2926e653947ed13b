"""Results of several forms in one archive."""

from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from typer.testing import CliRunner

from model.writing.dicom.forms import Form
from pacs.worker import Outcome
from pleura_cli import cli
from tests.pacs.conftest import Lines, MakeWatcher
from tests.pacs.orthanc import Orthanc
from tests.pacs.radiographs import radiograph, read, written

FORMS = (Form.SEG, Form.SC, Form.GSPS, Form.SR)
MODALITIES = {"SEG": Form.SEG, "OT": Form.SC, "PR": Form.GSPS, "SR": Form.SR}


def results(orthanc: Orthanc) -> dict[Form, Dataset]:
    """All results in the archive, one of each form."""
    found: dict[Form, Dataset] = {}
    for modality, form in MODALITIES.items():
        for data in orthanc.files(modality):
            assert form not in found
            found[form] = dcmread(BytesIO(data))
    return found


def test_each_form_is_stored_once(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    source = radiograph()
    orthanc.upload(source)
    for outcome in (Outcome.STORED, Outcome.PRESENT):
        watcher = make_watcher(forms=FORMS)
        watcher.once()
        assert watcher.outcomes == {outcome: 1}
    found = results(orthanc)
    assert set(found) == set(FORMS)
    assert {one.StudyInstanceUID for one in found.values()} == {read(source).StudyInstanceUID}
    group = found[Form.SR].ContentSequence[-1].ContentSequence[0]
    references = [item for item in group.ContentSequence if item.ValueType == "IMAGE"]
    assert references[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == found[Form.SEG].SOPInstanceUID


def test_a_form_that_is_added_later_is_added_to_the_study(
    orthanc: Orthanc, make_watcher: MakeWatcher
) -> None:
    orthanc.upload(radiograph())
    make_watcher().once()
    before = results(orthanc)[Form.SEG].SOPInstanceUID
    watcher = make_watcher(forms=FORMS)
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    found = results(orthanc)
    assert set(found) == set(FORMS)
    assert found[Form.SEG].SOPInstanceUID == before


def test_a_form_that_is_not_possible_does_not_cost_the_others(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    coloured = read(radiograph())
    coloured.PhotometricInterpretation, coloured.SamplesPerPixel = "RGB", 3
    coloured.PlanarConfiguration = 0
    coloured.PixelData = b"".join(bytes([value] * 3) for value in coloured.PixelData)
    orthanc.upload(written(coloured))
    watcher = make_watcher(forms=FORMS)
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert set(results(orthanc)) == {Form.SEG, Form.SC, Form.SR}
    (line,) = lines.about("form not possible")
    assert "form=gsps" in line


@pytest.mark.parametrize("given", ["", ",", "pdf", "seg,pdf"])
def test_an_unknown_form_is_rejected(given: str) -> None:
    result = CliRunner().invoke(cli, ["pacs", "--url", "http://orthanc/dicom-web", "--form", given])
    assert result.exit_code == 2
    assert "seg, labelmap, sc, sc-outlines, gsps, sr" in " ".join(result.output.split())
