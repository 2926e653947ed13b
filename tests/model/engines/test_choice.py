import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.checkpoint import BUNDLED, CheckpointMetadata, read_checkpoint, save_checkpoint
from model.engines import Engine, choice, choose_engine
from model.engines.conversion import convert, save
from model.engines.fingerprint import read_exported, write_fingerprint
from model.errors import EngineError
from model.preprocessing import Preprocessing
from tests.checkpoints import save_random

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights, a small decoder and a small image: quick to convert."""
    return save_random(tmp_path_factory.mktemp("engines") / "random.safetensors")


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same checkpoint with an exported, unquantised model beside it."""
    path = tmp_path_factory.mktemp("exported") / "random.safetensors"
    shutil.copy(checkpoint, path)
    save(convert(read_checkpoint(path)), path.with_suffix(".int8.xml"))
    return path


def _choose(path: Path, **options: Any) -> Engine:
    return choose_engine(read_checkpoint(path), **options)


def _smaller(checkpoint: Path, path: Path) -> Path:
    """A checkpoint with the same weights for images of 32 x 32 pixels."""
    read = read_checkpoint(checkpoint)
    preprocessing = Preprocessing(input_size=32)
    save_checkpoint(path, read.weights(), read.metadata.model_copy(update={"preprocessing": preprocessing}))
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pleura"


def _batch(size: int = 2) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal((size, 1, 64, 64)).astype(np.float32)


def test_cpu_uses_the_exported_model(exported: Path) -> None:
    engine = _choose(exported, device="cpu")
    assert (engine.name, engine.device) == ("openvino-int8", "cpu")


def test_openvino_and_torch_agree(checkpoint: Path) -> None:
    theirs = _choose(checkpoint, device="cpu", engine="torch")(_batch())
    ours = _choose(checkpoint, device="cpu", engine="openvino")(_batch())
    assert theirs.probabilities.shape == ours.probabilities.shape == (2, 2, 64, 64)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=5e-3)
    np.testing.assert_allclose(ours.embedding, theirs.embedding, rtol=0.05, atol=5e-3)


def test_openvino_result_does_not_depend_on_the_batch(exported: Path) -> None:
    engine = _choose(exported, device="cpu", threads=2)
    together = engine(_batch(5))
    for index, image in enumerate(_batch(5)):
        alone = engine(image[None])
        np.testing.assert_allclose(together.probabilities[index], alone.probabilities[0], atol=1e-6)
        np.testing.assert_allclose(together.embedding[index], alone.embedding[0], atol=1e-5)


def test_openvino_gives_the_same_results_in_parallel(exported: Path) -> None:
    engine = _choose(exported, device="cpu", threads=2)
    images = _batch(12)
    sizes = [1, 2, 3, 1, 1, 3, 1]
    batches = np.split(images, np.cumsum(sizes)[:-1])
    expected = [engine(image[None]).probabilities for image in images]
    with ThreadPoolExecutor(len(batches)) as pool:
        answers = [output.probabilities for output in pool.map(engine, 10 * batches)]
    np.testing.assert_allclose(np.concatenate(answers), np.concatenate(10 * expected), atol=1e-6)


def test_openvino_continues_after_an_error(exported: Path) -> None:
    engine = _choose(exported, device="cpu", threads=2)
    for _ in range(3):
        with pytest.raises(EngineError, match="could not be run"):
            engine(_batch(2)[..., :32])
    assert engine(_batch(2)).probabilities.shape == (2, 2, 64, 64)


def test_one_thread_infers_one_image_at_a_time(exported: Path) -> None:
    engine = _choose(exported, device="cpu", threads=1)
    assert engine.max_batch == 1
    assert engine(_batch(2)).probabilities.shape == (2, 2, 64, 64)


def test_fp32_model_is_made_once_and_cached(checkpoint: Path, cache: Path) -> None:
    first = _choose(checkpoint, device="cpu")
    assert first.name == "openvino-fp32"
    (model,) = cache.glob("*.xml")
    made = model.stat().st_mtime_ns
    _choose(checkpoint, device="cpu")
    assert model.stat().st_mtime_ns == made


def test_same_weights_for_images_of_another_size_are_cached_apart(checkpoint: Path, tmp_path: Path) -> None:
    _choose(checkpoint, device="cpu", engine="openvino")
    smaller = _smaller(checkpoint, tmp_path / "smaller.safetensors")
    images = _batch()[..., :32, :32]
    found, expected = (
        _choose(smaller, device="cpu", engine=engine)(images)[0] for engine in ("openvino", "torch")
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_damaged_cache_is_made_again(checkpoint: Path, cache: Path) -> None:
    _choose(checkpoint, device="cpu")
    (model,) = cache.glob("*.xml")
    model.write_text("<net")
    assert _choose(checkpoint, device="cpu")(_batch(1)).probabilities.shape == (1, 2, 64, 64)


def test_model_for_images_of_another_size_is_rejected(exported: Path, tmp_path: Path) -> None:
    smaller = _smaller(exported, tmp_path / "smaller.safetensors")
    for ending in (".int8.xml", ".int8.bin", ".int8.sha256"):
        shutil.copy(exported.with_suffix(ending), smaller.with_suffix(ending))
    with pytest.raises(EngineError, match="made from another checkpoint"):
        _choose(smaller, device="cpu")


def test_model_of_another_checkpoint_is_rejected(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    metadata = CheckpointMetadata(name="other")
    save_checkpoint(path, {"weight": torch.zeros(1)}, metadata)
    model = path.with_suffix(".int8.xml")
    for ending in (".xml", ".bin"):
        shutil.copy(exported.with_suffix(f".int8{ending}"), model.with_suffix(ending))
    write_fingerprint(model)
    with pytest.raises(EngineError, match="made from another checkpoint"):
        _choose(path, device="cpu")


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    """The checkpoint and its exported model, to be damaged."""
    for file in exported.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / exported.name


def _rename(folder: Path, before: str, after: str, endings: tuple[str, ...]) -> Path:
    for ending in endings:
        (folder / f"{before}{ending}").rename(folder / f"{after}{ending}")
    return folder / f"{after}.safetensors"


EXPORTED = (".int8.xml", ".int8.bin", ".int8.sha256")


@pytest.mark.parametrize("name", ["other", "other.v2", "with space", "überholt"])
@pytest.mark.parametrize("endings", [(".safetensors", *EXPORTED), (".safetensors",), EXPORTED])
def test_renamed_checkpoint_uses_its_exported_model(
    copied: Path, name: str, endings: tuple[str, ...]
) -> None:
    _rename(copied.parent, "random", name, endings)
    (checkpoint,) = copied.parent.glob("*.safetensors")
    assert _choose(checkpoint, device="cpu").name == "openvino-int8"


def test_swapped_checkpoints_use_the_models_of_their_weights(two: tuple[Path, Path], tmp_path: Path) -> None:
    for file in two[0].parent.iterdir():
        shutil.copy(file, tmp_path)
    expected = [_choose(path, device="cpu")(_batch()).probabilities for path in two]
    for before, after in (("one", "x"), ("two", "one"), ("x", "two")):
        _rename(tmp_path, before, after, (".safetensors",))
    for path, probabilities in zip(reversed(two), expected, strict=True):
        path = tmp_path / path.name
        engine = _choose(path, device="cpu")
        assert engine.name == "openvino-int8"
        np.testing.assert_array_equal(engine(_batch()).probabilities, probabilities)


def test_damaged_model_of_a_renamed_checkpoint_is_rejected(copied: Path) -> None:
    renamed = _rename(copied.parent, "random", "other", (".safetensors",))
    _flip(copied.with_suffix(".int8.bin"), 1000)
    with pytest.raises(EngineError, match=r"random\.int8\.bin has changed since it was written"):
        _choose(renamed, device="cpu")


def test_model_of_another_checkpoint_in_the_folder_is_ignored(
    checkpoint: Path, two: tuple[Path, Path], tmp_path: Path
) -> None:
    for file in (checkpoint, *(two[1].with_suffix(ending) for ending in EXPORTED)):
        shutil.copy(file, tmp_path)
    assert _choose(tmp_path / checkpoint.name, device="cpu").name == "openvino-fp32"


def _flip(path: Path, at: int) -> None:
    """Changes one bit: the length stays."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("ending", [".bin", ".xml"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_exported_model_with_one_changed_bit_is_rejected(copied: Path, ending: str, share: float) -> None:
    path = copied.with_suffix(f".int8{ending}")
    _flip(path, int(path.stat().st_size * share))
    with pytest.raises(EngineError, match=rf"random\.int8\{ending} has changed since it was written"):
        _choose(copied, device="cpu")


@pytest.mark.parametrize("ending", [".bin", ".sha256"])
def test_missing_part_of_an_exported_model_is_reported(copied: Path, ending: str) -> None:
    copied.with_suffix(f".int8{ending}").unlink()
    with pytest.raises(
        EngineError, match=rf"random\.int8\{ending} .* run `pleura export` again|run it again"
    ):
        _choose(copied, device="cpu")


def test_damaged_fingerprint_is_rejected(copied: Path) -> None:
    for content in (b"", b"\xff\xfe", b"rubbish  random.int8.bin\n"):
        copied.with_suffix(".int8.sha256").write_bytes(content)
        with pytest.raises(EngineError, match="again"):
            _choose(copied, device="cpu")


def test_missing_int8_model_falls_back_to_fp32(copied: Path) -> None:
    copied.with_suffix(".int8.xml").unlink()
    assert _choose(copied, device="cpu").name == "openvino-fp32"


def test_cache_with_one_changed_bit_is_made_again(checkpoint: Path, cache: Path) -> None:
    before = _choose(checkpoint, device="cpu")(_batch(1)).probabilities
    (weights,) = cache.glob("*.bin")
    whole = weights.read_bytes()
    _flip(weights, len(whole) // 2)
    after = _choose(checkpoint, device="cpu")(_batch(1)).probabilities
    np.testing.assert_array_equal(after, before)
    assert weights.read_bytes() == whole


def test_bundled_model_matches_its_fingerprint() -> None:
    read_exported(BUNDLED.with_suffix(".int8.xml"))


def test_openvino_needs_no_torch(exported: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from model.segmenter import Segmenter; "
        f"Segmenter(Path({str(exported)!r}), device='cpu'); print('torch' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "False"


def test_unavailable_device_or_engine_is_rejected(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="does not run on CUDA"):
        _choose(exported, device="cuda", engine="openvino")
    if not torch.cuda.is_available():
        with pytest.raises(EngineError, match="No CUDA device"):
            _choose(exported, device="cuda")


@pytest.fixture
def _unusable_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """An NVIDIA device whose driver PyTorch cannot use."""
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path == Path("/dev/nvidiactl") or exists(path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("_unusable_card")
@pytest.mark.parametrize(
    ("version", "advice"),
    [("12.8", "Update its driver, which may be too old for CUDA 12.8"), (None, "Install a PyTorch with")],
)
@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_card_that_cannot_be_used_is_named_once(
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    engine: str,
    version: str | None,
    advice: str,
) -> None:
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(choice, "find_spec", lambda name: name == "torch")
    assert _choose(checkpoint, engine=engine).device == "cpu"
    (warning,) = caplog.records
    assert (warning.name, warning.levelname) == ("pleura", "WARNING")
    assert advice in warning.getMessage()


@pytest.mark.usefixtures("_unusable_card")
@pytest.mark.parametrize("options", [{"device": "cpu"}, {"engine": "openvino"}])
def test_card_that_was_not_asked_for_is_not_named(
    exported: Path, caplog: pytest.LogCaptureFixture, options: dict[str, str]
) -> None:
    assert _choose(exported, **options).device == "cpu"
    assert not caplog.records


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu(checkpoint: Path) -> None:
    cpu = _choose(checkpoint, device="cpu", engine="torch")(_batch())
    cuda = _choose(checkpoint, device="cuda")
    assert cuda.device == "cuda"
    np.testing.assert_allclose(cuda(_batch()).probabilities, cpu.probabilities, atol=2e-2)
