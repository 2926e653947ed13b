"""torchvision's segmentation networks on ResNet50, FCN and DeepLabV3, for comparison."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.segmentation import deeplabv3_resnet50, fcn_resnet50

from .unet import Inference, SegmentationNetwork

Head = Literal["fcn", "deeplabv3"]


class TorchvisionNetwork(SegmentationNetwork):
    """FCN (Long et al., 2015) or DeepLabV3 (Chen et al., 2017) of torchvision, on a dilated ResNet50.

    Args:
        head: FCN or DeepLabV3.
        num_classes: Classes of the logits, background included.
        in_channels: Channels of the input.
    """

    def __init__(self, head: Head, *, num_classes: int = 2, in_channels: int = 1) -> None:
        super().__init__()
        make = fcn_resnet50 if head == "fcn" else deeplabv3_resnet50
        whole = make(weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=False)
        self.encoder = whole.backbone
        self.classifier = whole.classifier
        if in_channels != 3:
            self.encoder.conv1 = nn.Conv2d(in_channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
            nn.init.kaiming_normal_(self.encoder.conv1.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """See `SegmentationNetwork`."""
        return self._decode(x)[0]

    def infer(self, x: Tensor) -> Inference:
        """See `SegmentationNetwork`; the embedding ``(B, 2048)`` is the encoder's spatial mean."""
        logits, features = self._decode(x)
        return Inference(logits.softmax(dim=1), features.mean(dim=(2, 3)))

    def _decode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.encoder(x)["out"]  # (B, 2048, H/8, W/8)
        small = self.classifier(features)
        return functional.interpolate(
            small, size=x.shape[-2:], mode="bilinear", align_corners=False
        ), features
