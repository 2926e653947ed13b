import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import resnet50

from model.networks.unet import ResNet50UNet
from training.errors import TrainingError
from training.export.encoder_weights import load_encoder_weights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Of torchvision's ResNet50, with its classifier."""
    torch.manual_seed(1)
    return dict(resnet50(weights=None).state_dict())


def small(in_channels: int = 1) -> ResNet50UNet:
    return ResNet50UNet(
        num_classes=2,
        in_channels=in_channels,
        bridge_channels=8,
        decoder_channels=(8, 8, 8, 8),
        head_channels=8,
    )


def test_none_leaves_the_encoder_as_it_is() -> None:
    network = small()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    load_encoder_weights(network, "none")
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def save_safetensors(weights: dict[str, Tensor], folder: Path) -> Path:
    save_file(weights, folder / "resnet50.safetensors")
    return folder / "resnet50.safetensors"


def save_pth(weights: dict[str, Tensor], folder: Path) -> Path:
    torch.save(weights, folder / "resnet50.pth")
    return folder / "resnet50.pth"


@pytest.mark.parametrize("save", [save_safetensors, save_pth])
def test_file_is_loaded_into_the_encoder_alone(
    weights: dict[str, Tensor], save: Callable[[dict[str, Tensor], Path], Path], tmp_path: Path
) -> None:
    network = small(in_channels=3)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    load_encoder_weights(network, str(save(weights, tmp_path)))
    for key, value in network.state_dict().items():
        if key.startswith("encoder."):
            assert torch.equal(value, weights[key.removeprefix("encoder.")])
        else:
            assert torch.equal(value, before[key])


def test_one_channel_equals_a_repeated_grey_image(weights: dict[str, Tensor], tmp_path: Path) -> None:
    grey, colour = small(), small(in_channels=3)
    path = str(save_safetensors(weights, tmp_path))
    load_encoder_weights(grey, path)
    load_encoder_weights(colour, path)
    x = torch.rand(1, 1, 32, 32)
    first, second = (network.encoder.get_submodule("conv1") for network in (grey, colour))
    assert torch.allclose(first(x), second(x.expand(-1, 3, -1, -1)), atol=1e-5)


def test_imagenet_is_downloaded_and_checked(
    weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def download(url: str, **options: Any) -> dict[str, Tensor]:
        asked.append((url, options))
        return weights

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    network = small()
    load_encoder_weights(network, "imagenet")
    ((url, options),) = asked
    assert "resnet50" in url
    assert options["check_hash"] is True
    assert torch.equal(
        network.encoder.state_dict()["layer1.0.conv1.weight"], weights["layer1.0.conv1.weight"]
    )


def test_imagenet_without_a_connection_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(url: str, **options: Any) -> dict[str, Tensor]:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(
        TrainingError, match=r"cannot be loaded .*Name or service not known.*use --encoder-weights none"
    ):
        load_encoder_weights(small(), "imagenet")


def test_missing_file_is_rejected() -> None:
    with pytest.raises(TrainingError, match=r"The encoder weights nowhere\.safetensors cannot be loaded"):
        load_encoder_weights(small(), "nowhere.safetensors")


@pytest.mark.parametrize("name", ["noise.pth", "noise.safetensors"])
def test_invalid_file_is_rejected_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 10)
    with pytest.raises(TrainingError, match="cannot be loaded") as caught:
        load_encoder_weights(small(), str(tmp_path / name))
    assert "\n" not in str(caught.value)


class Surprise:
    """What a pickle may run when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("surprise"),))


def test_pickle_that_runs_code_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1.weight": Surprise()}, "evil.pth")
    with pytest.raises(TrainingError, match="cannot be loaded"):
        load_encoder_weights(small(), "evil.pth")
    assert not Path("surprise").exists()


def lacks_one(weights: dict[str, Tensor]) -> Any:
    return {key: value for key, value in weights.items() if key != "layer3.2.conv2.weight"}


def has_another_shape(weights: dict[str, Tensor]) -> Any:
    return {**weights, "layer3.2.conv2.weight": torch.zeros(8, 8, 3, 3)}


def is_wrapped(weights: dict[str, Tensor]) -> Any:
    return {"state_dict": weights, "epoch": 3}


def is_a_list(weights: dict[str, Tensor]) -> Any:
    return [torch.zeros(3)]


@pytest.mark.parametrize("change", [lacks_one, has_another_shape, is_wrapped, is_a_list])
def test_weights_of_another_layout_are_rejected(
    weights: dict[str, Tensor], change: Callable[[dict[str, Tensor]], Any], tmp_path: Path
) -> None:
    torch.save(change(weights), tmp_path / "other.pth")
    with pytest.raises(TrainingError, match="are not a ResNet50's"):
        load_encoder_weights(small(), str(tmp_path / "other.pth"))
