import pytest
import torch
from torchvision.models import resnet50

from model.checkpoint import CheckpointMetadata
from model.networks.architectures import DEEPLABV3, FCN
from model.networks.torchvision import TorchvisionNetwork


@pytest.mark.parametrize("architecture", [FCN, DEEPLABV3])
def test_logits_and_inference_outputs_have_their_shapes(architecture: str) -> None:
    network = CheckpointMetadata(name="x", architecture=architecture, num_classes=3).network().eval()
    x = torch.rand(2, 1, 64, 96)
    with torch.inference_mode():
        logits, (probabilities, embedding) = network(x), network.infer(x)
    assert logits.shape == probabilities.shape == (2, 3, 64, 96)
    assert embedding.shape == (2, 2048)
    torch.testing.assert_close(probabilities, logits.softmax(dim=1))


def test_encoder_has_torchvision_s_names() -> None:
    theirs = {key: value.shape for key, value in resnet50(weights=None).state_dict().items()}
    ours = TorchvisionNetwork("fcn", in_channels=3).encoder.state_dict()
    assert {key: value.shape for key, value in ours.items()} == {
        key: shape for key, shape in theirs.items() if not key.startswith("fc.")
    }
