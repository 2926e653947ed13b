import cv2

from benchmarks.profile_stages import times
from samples.phantom import phantom
from tests.app.fakes import segmenter


def test_each_stage_has_its_processor_time() -> None:
    found = times(
        segmenter(), cv2.imencode(".png", phantom(width=64, height=64, seed=1).pixels)[1].tobytes(), rounds=2
    )
    assert list(found) == [
        "prepare",
        "  reading the file",
        "finish",
        "  features for the quality",
        "encode",
        "document",
        "JSON",
    ]
    assert found["prepare"] > 0
