"""The networks by the names that checkpoints store. This does not need torch before a network is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..checkpoint import CheckpointMetadata
    from .unet import SegmentationNetwork

UNET, SMALL_UNET = "resnet50-unet", "small-unet"
FCN, DEEPLABV3 = "resnet50-fcn", "resnet50-deeplabv3"

ARCHITECTURES = (UNET, SMALL_UNET, FCN, DEEPLABV3)
"""Pleura's networks, then torchvision's for comparison."""


def network_of(metadata: CheckpointMetadata) -> SegmentationNetwork:
    """Return the network that a checkpoint's metadata describe, with random weights."""
    classes, channels = metadata.num_classes, metadata.in_channels
    if metadata.architecture == SMALL_UNET:
        from .small_unet import SmallUNet

        return SmallUNet(num_classes=classes, in_channels=channels)
    if metadata.architecture != UNET:
        from .torchvision import Head, TorchvisionNetwork

        head: Head = "fcn" if metadata.architecture == FCN else "deeplabv3"
        return TorchvisionNetwork(head, num_classes=classes, in_channels=channels)
    from .unet import ResNet50UNet

    return ResNet50UNet(
        num_classes=classes,
        in_channels=channels,
        bridge_channels=metadata.bridge_channels,
        decoder_channels=metadata.decoder_channels,
        skip_channels=metadata.skip_channels,
        head_channels=metadata.head_channels,
    )
