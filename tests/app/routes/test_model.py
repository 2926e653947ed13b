from typing import Any

import pytest

from tests.app.conftest import MakeClient, Service


def test_metadata_of_the_checkpoint_are_returned(shared_client: Service) -> None:
    document = shared_client.get("/model").json()
    assert document["name"] == "fake"
    assert document["sha256"] == "0" * 64
    assert document["engine"] == "fake-fp32"
    assert document["device"] == "cpu"
    assert document["preprocessing"]["input_size"] == 64


CALIBRATION = {"figures": {"threshold": {"0.45": 0.92, "0.5": 0.93}, "images": {"labelled: as it is": 70}}}
IN_CALIBRATION = {"validation": {"all": {"images": 70, "mean_iou": 0.93}}}
OWN = {"validation": {"all": {"images": 14, "mean_iou": 0.96}}}


@pytest.mark.parametrize(
    ("metadata", "figures"),
    [
        ({"figures": OWN, "calibration": CALIBRATION}, OWN),
        # As in a mean of checkpoints, which has none itself.
        ({"calibration": CALIBRATION}, IN_CALIBRATION),
        ({"calibration": CALIBRATION, "threshold": 0.123}, {}),
        ({"calibration": {}}, {}),
        ({}, {}),
    ],
)
def test_validation_figures_are_returned(
    make_client: MakeClient, metadata: dict[str, Any], figures: dict[str, Any]
) -> None:
    client = make_client()
    segmenter = client.server.lifecycle.serving().segmenter
    segmenter.metadata = segmenter.metadata.model_copy(update=metadata)
    assert client.get("/model").json()["figures"] == figures
