"""The network: torchvision's ResNet50 as encoder with a U-Net decoder (Ronneberger et al., 2015)."""

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet50
from torchvision.models.resnet import ResNet

ENCODER_CHANNELS = (64, 256, 512, 1024, 2048)
"""ResNet50's channels at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's size."""

LEAN_DECODER: dict[str, Any] = {
    "decoder_channels": (160, 96, 48, 24),
    "skip_channels": (128, 64, 48, 16),
    "head_channels": 24,
}
"""Arguments of a `ResNet50UNet` with 13.2 GFLOP (decoder 2.8) at 256 x 256; the default has 18.2 (7.7)."""

STRIDE = 32
"""Both sides of an input are multiples of this."""


class Inference(NamedTuple):
    """Output for engines: probabilities ``(B, num_classes, H, W)``, embedding ``(B, bridge_channels)``."""

    probabilities: Tensor
    embedding: Tensor


def conv_bn_relu(in_channels: int, out_channels: int, *, kernel_size: int = 3) -> nn.Sequential:
    """Return a convolution that keeps the size, batch normalisation and ReLU.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Side of the square kernel in pixels; odd.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class DecoderBlock(nn.Module):
    """Upsampling by two, concatenation of the skip, and two ``conv_bn_relu``.

    Args:
        in_channels: Channels of the coarser input.
        skip_channels: Channels of the skip.
        out_channels: Channels of the output.
        reduced_channels: Channels of the skip after a 1x1 convolution; None omits the convolution.
    """

    def __init__(
        self, in_channels: int, skip_channels: int, out_channels: int, reduced_channels: int | None = None
    ) -> None:
        super().__init__()
        self.reduction: nn.Module = nn.Identity()
        if reduced_channels is not None:
            self.reduction = conv_bn_relu(skip_channels, reduced_channels, kernel_size=1)
            skip_channels = reduced_channels
        self.convolutions = nn.Sequential(
            conv_bn_relu(in_channels + skip_channels, out_channels),
            conv_bn_relu(out_channels, out_channels),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return the features of the next finer level.

        Args:
            x: ``(B, in_channels, H, W)``, the coarser features.
            skip: ``(B, skip_channels, 2H, 2W)``, the encoder's features.

        Returns:
            ``(B, out_channels, 2H, 2W)``.
        """
        x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        output: Tensor = self.convolutions(torch.cat((x, self.reduction(skip)), dim=1))
        return output


class SegmentationNetwork(nn.Module):
    """Base of the networks: maps ``(B, in_channels, H, W)`` to logits ``(B, num_classes, H, W)``.

    Attributes:
        encoder: A ResNet50 with torchvision's names of weights.
    """

    encoder: nn.Module

    def infer(self, x: Tensor) -> Inference:
        """Return softmax probabilities, and an embedding for the quality model.

        Args:
            x: ``(B, in_channels, H, W)`` float32.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError


class ResNet50UNet(SegmentationNetwork):
    """A U-Net whose contracting path is ResNet50.

    Args:
        num_classes: Classes of the logits, background included.
        in_channels: Channels of the input; 1 for radiographs.
        bridge_channels: Channels of the encoder's output after a 1x1 convolution.
        decoder_channels: Channels of the four decoder blocks, the coarsest first.
        skip_channels: Channels of the four skips after 1x1 convolutions, the coarsest first; None omits the
            convolutions.
        head_channels: Channels of the last convolution before the logits.
    """

    def __init__(
        self,
        *,
        num_classes: int = 2,
        in_channels: int = 1,
        bridge_channels: int = 256,
        decoder_channels: tuple[int, int, int, int] = (192, 96, 64, 48),
        skip_channels: tuple[int, int, int, int] | None = None,
        head_channels: int = 32,
    ) -> None:
        super().__init__()
        self.encoder = _encoder(in_channels)
        self.bridge = conv_bn_relu(ENCODER_CHANNELS[-1], bridge_channels, kernel_size=1)
        inputs = (bridge_channels, *decoder_channels[:-1])
        skips = reversed(ENCODER_CHANNELS[:-1])
        self.decoder = nn.ModuleList(
            DecoderBlock(*channels)
            for channels in zip(inputs, skips, decoder_channels, skip_channels or (None,) * 4, strict=True)
        )
        self.head = nn.Sequential(
            conv_bn_relu(decoder_channels[-1], head_channels),
            nn.Conv2d(head_channels, num_classes, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, in_channels, H, W)``, H and W multiples of 32, to logits ``(B, num_classes, H, W)``."""
        return self._decode(x)[0]

    def infer(self, x: Tensor) -> Inference:
        """Map ``(B, in_channels, H, W)`` to softmax probabilities and an embedding for the quality model.

        The embedding is the spatial mean of the bridge's output.
        """
        logits, bridge = self._decode(x)
        return Inference(logits.softmax(dim=1), bridge.mean(dim=(2, 3)))

    def _decode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skips = self._encode(x)  # (B, 64, H/2, W/2) ... (B, 2048, H/32, W/32)
        bridge: Tensor = self.bridge(skips.pop())
        y = bridge
        for block in self.decoder:
            y = block(y, skips.pop())
        logits = functional.interpolate(self.head(y), scale_factor=2.0, mode="bilinear", align_corners=False)
        return logits, bridge

    def _encode(self, x: Tensor) -> list[Tensor]:
        encoder = cast(ResNet, self.encoder)
        stem = encoder.relu(encoder.bn1(encoder.conv1(x)))
        features = [stem]
        y = encoder.maxpool(stem)
        for layer in (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4):
            y = layer(y)
            features.append(y)
        return features


def _encoder(in_channels: int) -> ResNet:
    encoder = resnet50(weights=None, zero_init_residual=True)
    if in_channels != 3:
        first = encoder.conv1
        encoder.conv1 = nn.Conv2d(
            in_channels, first.out_channels, kernel_size=7, stride=2, padding=3, bias=False
        )
        nn.init.kaiming_normal_(encoder.conv1.weight, mode="fan_out", nonlinearity="relu")
    del encoder.avgpool, encoder.fc
    return encoder
