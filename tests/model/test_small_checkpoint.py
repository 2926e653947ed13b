"""The name of the small bundled checkpoint, with a stand-in for its file."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Thread

import httpx
import pydicom
import pytest
import torch

from app.main import create_app
from app.server import make_server
from app.settings import Settings
from model import weights
from model.checkpoint import CheckpointMetadata, read_metadata, save_checkpoint
from model.errors import CheckpointError
from model.networks.architectures import SMALL_UNET
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from samples.phantom import phantom
from tests.app.fakes import dicom, picture
from tests.app.waiting import wait_until

pytestmark = pytest.mark.usefixtures("stand_in")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    metadata = CheckpointMetadata(
        name="a-small-one", architecture=SMALL_UNET, preprocessing=Preprocessing(input_size=64)
    )
    torch.manual_seed(0)
    drawn = metadata.network().state_dict()
    drawn["head.1.bias"][16:] += 5  # all of the image is lung
    path = tmp_path_factory.mktemp("weights") / "stand-in.safetensors"
    save_checkpoint(path, drawn, metadata)
    return path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setitem(weights._BY_NAME, "small", file)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, stand_in: None) -> Iterator[httpx.Client]:
    monkeypatch.setenv("PLEURA_CHECKPOINT", "small")
    settings = Settings(port=0, device="cpu", engine="torch")
    app = create_app(settings)
    server = make_server(app, settings)
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_until(app.state.lifecycle.is_ready, within_s=120)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("name", ["small", Path("small")])
def test_segmenter_takes_the_name(name: Path | str, file: Path) -> None:
    segmenter = Segmenter(name, device="cpu", engine="torch")
    assert segmenter.metadata == read_metadata(file)
    assert segmenter(phantom(width=100, height=80).pixels).mask.shape == (80, 100)


def test_name_is_taken_even_if_a_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").write_bytes(b"not a checkpoint")
    assert read_metadata(Path("small")).name == "a-small-one"
    with pytest.raises(CheckpointError, match="Copy it again"):
        read_metadata(tmp_path / "small")


def test_every_answer_names_it(service: httpx.Client, file: Path) -> None:
    sha256 = read_metadata(file).sha256
    data = dicom(picture())
    document = service.post("/segment", content=data, headers={"Content-Type": "application/dicom"}).json()
    assert (document["model"]["name"], document["model"]["sha256"]) == ("a-small-one", sha256)
    assert service.get("/model").json()["name"] == "a-small-one"
    seg = service.post(
        "/segment",
        content=data,
        headers={"Content-Type": "application/dicom", "Accept": "application/dicom"},
    )
    assert seg.status_code == 200, seg.text
    (segment, *_) = pydicom.dcmread(BytesIO(seg.content)).SegmentSequence
    assert segment.SegmentAlgorithmName == "a-small-one"
