"""The watcher against a real archive."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from model.lungs import LEFT, RIGHT
from model.reading import read_mask
from model.writing.dicom.seg_words import NOT_TRUSTED, SEGMENTATION
from pacs import archive
from pacs.client import RETRIEVE
from pacs.postponed import MOST_FAILURES
from pacs.segmentation import series_uid
from pacs.worker import Outcome
from samples.phantom import phantom
from tests.app.fakes import picture, segmenter
from tests.pacs.conftest import Lines, MakeWatcher
from tests.pacs.faults import Faults
from tests.pacs.orthanc import Orthanc
from tests.pacs.radiographs import PATIENT, broken, radiograph, read, slice_of_ct, uids
from tests.pacs.segmenters import NoLungEngine, meanwhile, trusting

FETCH = r"/studies/[\d.]+/series/[\d.]+/instances/[\d.]+"


def segmentations(orthanc: Orthanc) -> dict[str, Dataset]:
    """The segmentations in the archive by the instance that they refer to; there must be one for each."""
    found = [read(file) for file in orthanc.files("SEG")]
    by_source = {source_of(one): one for one in found}
    assert len(by_source) == len(found)
    return by_source


def source_of(segmentation: Dataset) -> str:
    (series,) = segmentation.ReferencedSeriesSequence
    (instance,) = series.ReferencedInstanceSequence
    uid: str = instance.ReferencedSOPInstanceUID
    return uid


def uid(data: bytes) -> str:
    return str(read(data).SOPInstanceUID)


def test_segmentation_is_stored_in_the_study_of_its_source(
    orthanc: Orthanc, make_watcher: MakeWatcher
) -> None:
    drawn = phantom(width=320, height=256, seed=4).pixels.astype(np.uint8)
    cr = radiograph(drawn, SOPClassUID=ComputedRadiographyImageStorage, Modality="CR")
    name = orthanc.upload(cr)
    kept = orthanc.file(name)
    watcher = make_watcher()
    watcher.once()
    source, segmentation = read(cr), segmentations(orthanc)[uid(cr)]
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert segmentation.StudyInstanceUID == source.StudyInstanceUID
    assert segmentation.PatientID == source.PatientID
    assert segmentation.SeriesInstanceUID == series_uid(uid(cr), trusting())
    labels = trusting()(cr).labels
    frames = segmentation.pixel_array
    np.testing.assert_array_equal(frames[RIGHT - 1] > 0, labels == RIGHT)
    np.testing.assert_array_equal(frames[LEFT - 1] > 0, labels == LEFT)
    assert labels.any()
    assert orthanc.file(name) == kept
    assert len(watcher.faults.requests("POST")) == 1
    assert not watcher.faults.requests("(PUT|DELETE|PATCH)")


@pytest.mark.parametrize("name", ["NEMA_RG1_J2KI", "NEMA_RG1_JLSN", "siim_6904", "gdcm-CR-MONO1-10-chest"])
def test_real_files_of_any_transfer_syntax_are_segmented(
    name: str, orthanc: Orthanc, make_watcher: MakeWatcher, shared_dicom: Path
) -> None:
    data = (shared_dicom / f"{name}.dcm").read_bytes()
    orthanc.upload(data)
    make_watcher().once()
    (stored,) = orthanc.files("SEG")
    assert source_of(read(stored)) == uid(data)
    np.testing.assert_array_equal(read_mask(stored), trusting()(data).mask)


def test_restart_repeats_nothing(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    for _ in range(3):
        orthanc.upload(radiograph())
    make_watcher().once()
    before = segmentations(orthanc)
    again = make_watcher()
    again.once()
    assert again.outcomes == {Outcome.PRESENT: 3}
    assert not again.faults.requests("GET", FETCH)
    assert not again.faults.requests("POST")
    assert segmentations(orthanc).keys() == before.keys()


def test_round_without_new_instances_searches_series_only(
    orthanc: Orthanc, make_watcher: MakeWatcher
) -> None:
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.once()
    watcher.faults.asked.clear()
    watcher.once()
    assert watcher.faults.asked
    assert watcher.faults.requests("GET", r"/series\?.*") == watcher.faults.asked


def test_new_instance_in_a_known_series_is_found(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    first = radiograph()
    orthanc.upload(first)
    watcher = make_watcher()
    watcher.once()
    source = read(first)
    second = radiograph(
        StudyInstanceUID=source.StudyInstanceUID,
        SeriesInstanceUID=source.SeriesInstanceUID,
        SOPInstanceUID=uids()["SOPInstanceUID"],
    )
    third = radiograph()
    orthanc.upload(second)
    orthanc.upload(third)
    watcher.once()
    assert segmentations(orthanc).keys() == {uid(first), uid(second), uid(third)}
    assert watcher.outcomes == {Outcome.STORED: 3}


def test_two_watchers_of_one_instance_store_it_once(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    other = make_watcher()
    watcher = make_watcher(meanwhile(other.once))
    watcher.once()
    assert len(segmentations(orthanc)) == 1
    assert (other.outcomes, watcher.outcomes) == ({Outcome.STORED: 1}, {Outcome.PRESENT: 1})


def test_two_watchers_storing_at_once_leave_one_segmentation(
    orthanc: Orthanc, make_watcher: MakeWatcher
) -> None:
    orthanc.upload(radiograph())
    other, faults = make_watcher(), Faults()
    searches = iter(range(10))

    def after(asked: str) -> None:
        # Right after the second look for the segmentation, the last thing before the store.
        if "SeriesInstanceUID=" in asked and next(searches) == 1:
            other.once()

    faults.after = after
    watcher = make_watcher(faults=faults)
    watcher.once()
    assert (other.outcomes, watcher.outcomes) == ({Outcome.STORED: 1}, {Outcome.STORED: 1})
    assert len(segmentations(orthanc)) == 1


def test_store_with_a_lost_response_is_not_repeated(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    first, second = make_watcher(), make_watcher()
    second.faults.status(409, method="POST")
    second.faults.after = lambda asked: first.once() if "/instances/" in asked else None
    second.once()
    assert len(segmentations(orthanc)) == 1


def test_refused_store_is_not_retried(orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines) -> None:
    data, other = radiograph(), radiograph()
    orthanc.upload(data)
    watcher = make_watcher()
    watcher.faults.status(409, method="POST")
    watcher.once()
    orthanc.upload(other)
    watcher.once()
    assert watcher.outcomes == {Outcome.REFUSED: 1, Outcome.STORED: 1}
    (line,) = lines.about("refused by the PACS")
    assert uid(data) in line
    assert "status 409" in line


def test_damaged_instance_is_logged_once_and_blocks_no_other(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    bad, good = [broken(), broken()], [radiograph(), radiograph()]
    for data in (bad[0], good[0], bad[1], good[1]):
        orthanc.upload(data)
    watcher = make_watcher()
    for _ in range(3):
        watcher.once()
    assert segmentations(orthanc).keys() == {uid(data) for data in good}
    told = lines.about("passed over")
    assert sorted(line.partition("instance=")[2].split()[0] for line in told) == sorted(map(uid, bad))
    assert watcher.outcomes == {Outcome.STORED: 2, Outcome.PASSED_OVER: 2}
    assert not watcher.postponed


def test_other_modalities_are_ignored(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(slice_of_ct())
    watcher = make_watcher()
    watcher.once()
    assert watcher.outcomes == {}
    assert not watcher.faults.requests("GET", FETCH)


def test_archive_that_ignores_the_filter_is_supported(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(slice_of_ct())
    faults = Faults()
    faults.drop_queries = True
    watcher = make_watcher(faults=faults)
    watcher.once()
    assert watcher.outcomes == {}
    orthanc.upload(radiograph())
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert len(faults.requests("GET", FETCH)) == 1


def test_unforeseen_reader_error_blocks_no_other_instance(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    orthanc.upload(radiograph())
    orthanc.upload(radiograph())
    failures = iter([ValueError("DOE^JANE")])

    def fail() -> None:
        for failure in failures:
            raise failure

    watcher = make_watcher(meanwhile(fail))
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1, Outcome.PASSED_OVER: 1}
    (line,) = lines.about("passed over")
    assert "ValueError in _segment" in line
    assert "DOE" not in line


def test_untrusted_mask_is_not_stored(orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines) -> None:
    data = radiograph()
    orthanc.upload(data)
    watcher = make_watcher(segmenter())
    watcher.once()
    assert not segmentations(orthanc)
    assert watcher.outcomes == {Outcome.WITHHELD: 1}
    (line,) = lines.about("not stored")
    assert f"instance={uid(data)} reason=not trusted warnings=" in line
    assert "not_calibrated" in line


def test_stored_untrusted_mask_says_so(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    data = radiograph()
    orthanc.upload(data)
    watcher = make_watcher(segmenter(), store_untrusted=True)
    watcher.once()
    assert segmentations(orthanc)[uid(data)].SeriesDescription.startswith(SEGMENTATION + NOT_TRUSTED)


def test_image_without_a_lung_gets_no_segmentation(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    orthanc.upload(radiograph(picture()))
    watcher = make_watcher(segmenter(NoLungEngine()), store_untrusted=True)
    watcher.once()
    assert not segmentations(orthanc)
    (line,) = lines.about("not stored")
    assert "reason=no lung" in line


def test_days_limits_the_studies(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    today = date.today()
    ages = {days: radiograph(StudyDate=f"{today - timedelta(days=days):%Y%m%d}") for days in (0, 3, 30)}
    for data in ages.values():
        orthanc.upload(data)
    make_watcher(days=7).once()
    assert segmentations(orthanc).keys() == {uid(ages[0]), uid(ages[3])}
    make_watcher().once()
    assert len(segmentations(orthanc)) == 3


def test_all_pages_of_a_search_are_read(
    orthanc: Orthanc, make_watcher: MakeWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PAGE", 2)
    study = uids()["StudyInstanceUID"]
    series = uids()["SeriesInstanceUID"]
    together = [
        radiograph(StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=uids()["SOPInstanceUID"])
        for _ in range(5)
    ]
    apart = [radiograph(Modality=modality) for modality in ("CR", "DX", "CR", "DX", "CR")]
    for data in together + apart:
        orthanc.upload(data)
    make_watcher().once()
    assert segmentations(orthanc).keys() == {uid(data) for data in together + apart}


def test_unavailable_instance_is_retrieved_later(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    orthanc.upload(radiograph())
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.faults.status(500, path="/instances/", times=archive.ATTEMPTS * len(RETRIEVE))
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert len(watcher.postponed) == 1
    assert len(lines.about("put off")) == 1
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    watcher.now += 61
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 2}
    assert not watcher.postponed


def test_unavailable_series_is_searched_later(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.faults.status(404, path=r"/instances\?")
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    watcher.now += 61
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 2}


def test_permanently_unavailable_instance_is_refused(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    data = radiograph()
    orthanc.upload(data)
    watcher = make_watcher()
    watcher.faults.status(500, path="/instances/", times=archive.ATTEMPTS * len(RETRIEVE) * MOST_FAILURES)
    for _ in range(MOST_FAILURES + 3):
        watcher.once()
        watcher.now += 3601
    assert watcher.outcomes == {Outcome.REFUSED: 1}
    assert not watcher.postponed
    assert len(lines.about("put off")) == 1
    (line,) = lines.about("refused by the PACS")
    assert uid(data) in line


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_short_failures_are_retried(status: int, orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    watcher = make_watcher()
    # A server that fails is asked in other ways first, which it fails, too.
    watcher.faults.status(status, Retry_After="17", times=2 if status == 500 else 1)
    watcher.faults.status(status, method="POST", times=2)
    watcher.faults.unreachable()
    watcher.faults.status(200, body=b"<html>DOE^JANE</html>")
    watcher.once()
    assert watcher.outcomes == {Outcome.STORED: 1}
    assert len(watcher.waits) == 5
    assert watcher.waits[0] == 17


def test_deleted_instance_is_refused(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.faults.status(404, path="/instances/")
    watcher.once()
    assert watcher.outcomes == {Outcome.REFUSED: 1}


def test_wrong_instance_is_refused(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.faults.status(200, path="/instances/", body=radiograph(), Content_Type="application/dicom")
    watcher.once()
    assert watcher.outcomes == {Outcome.REFUSED: 1}
    assert not segmentations(orthanc)


def test_stop_takes_effect_between_instances(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    for _ in range(3):
        orthanc.upload(radiograph())
    stop: Callable[[], object] = lambda: watcher.stop.want()  # noqa: E731
    watcher = make_watcher(meanwhile(stop))
    watcher.watch(interval_s=3600)
    assert watcher.outcomes == {Outcome.STORED: 1}


def test_stop_takes_effect_while_the_archive_is_down(orthanc: Orthanc, make_watcher: MakeWatcher) -> None:
    orthanc.upload(radiograph())
    watcher = make_watcher()
    watcher.faults.after = lambda asked: watcher.stop.want() if "SeriesInstanceUID=" in asked else None
    watcher.faults.status(503, path="/instances/")
    watcher.once()
    assert watcher.outcomes == {}
    assert len(watcher.waits) == 1


def test_no_patient_data_is_logged(orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines) -> None:
    named: dict[str, Any] = {"Modality": "DX", "SeriesDescription": "DOE", "StudyDescription": "JANE"}
    for data in (
        radiograph(**named),
        broken(),
        radiograph(Rows=None, **named),
        radiograph(PatientOrientation=["DOE", "JANE"], **named),
        radiograph(WindowCenter="1", WindowWidth="0", **named),
    ):
        orthanc.upload(data)
    for status in (400, 500):
        watcher = make_watcher(segmenter(), store_untrusted=True)
        watcher.faults.status(status, path="/instances/", times=2 * len(RETRIEVE))
        watcher.once()
    assert lines.lines
    text = "\n".join(lines.lines)
    assert not [word for word in (*PATIENT, "phantom") if word in text]
