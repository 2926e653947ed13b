"""An Orthanc whose script sends each study, and gets the results back."""

from collections.abc import Callable
from pathlib import Path

from pacs.address import Address, Peer
from tests.app.waiting import wait_until
from tests.pacs.orthanc import Orthanc, free_port
from tests.pacs.radiographs import film, read, slice_of_ct

from .conftest import Door

SCRIPT = Path(__file__).parents[3] / "deploy/pacs/push.lua"


def test_orthanc_sends_a_stable_study_and_gets_each_result_once(
    make_orthanc: Callable[..., Orthanc], open_door: Callable[..., Door]
) -> None:
    port = free_port()
    door = open_door(Peer("ORTHANC", Address("127.0.0.1", port)))
    orthanc = make_orthanc(
        dicom_port=port, modalities={"pleura": ["PLEURA", "127.0.0.1", door.port]}, scripts=(SCRIPT,)
    ).start()
    source = film(PixelSpacing=[0.2, 0.2])
    for data in (source, slice_of_ct()):
        orthanc.upload(data)
    results = {"SEG": 1, "OT": 1, "PR": 1, "SR": 1}
    wait_until(lambda: {one: len(orthanc.files(one)) for one in results} == results, within_s=120)
    studies = {read(data).StudyInstanceUID for one in results for data in orthanc.files(one)}
    assert studies == {read(source).StudyInstanceUID}
    # The study became stable again with its results; of what is in it only the film was ever sent.
    jobs = orthanc.jobs("DicomModalityStore")
    assert {job["Content"]["RemoteAet"] for job in jobs} == {"PLEURA"}
    assert all(job["Content"]["InstancesCount"] == 1 for job in jobs)
