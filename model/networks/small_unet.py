"""The small network: a narrow ResNet18 as encoder, and a U-Net decoder that ends at a quarter of the size."""

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from .unet import DecoderBlock, Inference, SegmentationNetwork, conv_bn_relu

ENCODER_CHANNELS = (48, 96, 192, 384)
"""The encoder's channels at 1/4, 1/8, 1/16 and 1/32 of the input's size; ResNet18 has 64 to 512."""

_STEM_CHANNELS = 32
_BRIDGE_CHANNELS = 128
_DECODER_CHANNELS = (128, 64, 48)
_HEAD_CHANNELS = 48
_BLOCKS = 2

_UPSCALE = 4
"""Factor by which the last layer enlarges: each of its cells predicts a square of pixels of this side."""


class SmallUNet(SegmentationNetwork):
    """A U-Net for processors without a GPU: 4.0 GFLOP at 256 x 256, 2.3 at 192 x 192.

    In int8 the layers at half the input's size take most of the time of a network with few channels. So the
    decoder ends at a quarter, where a sub-pixel convolution (Shi et al., 2016) predicts all pixels.

    Args:
        num_classes: Classes of the logits, background included.
        in_channels: Channels of the input; 1 for radiographs.
    """

    def __init__(self, *, num_classes: int = 2, in_channels: int = 1) -> None:
        super().__init__()
        self.encoder = _encoder(in_channels)
        self.bridge = conv_bn_relu(ENCODER_CHANNELS[-1], _BRIDGE_CHANNELS, kernel_size=1)
        inputs = (_BRIDGE_CHANNELS, *_DECODER_CHANNELS[:-1])
        skips = reversed(ENCODER_CHANNELS[:-1])
        self.decoder = nn.ModuleList(
            DecoderBlock(*channels) for channels in zip(inputs, skips, _DECODER_CHANNELS, strict=True)
        )
        self.head = nn.Sequential(
            conv_bn_relu(_DECODER_CHANNELS[-1], _HEAD_CHANNELS),
            nn.Conv2d(_HEAD_CHANNELS, num_classes * _UPSCALE**2, kernel_size=3, padding=1),
            nn.PixelShuffle(_UPSCALE),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, in_channels, H, W)``, H and W multiples of 32, to logits ``(B, num_classes, H, W)``."""
        return self._decode(x)[0]

    def infer(self, x: Tensor) -> Inference:
        """See `SegmentationNetwork`; the embedding ``(B, 128)`` is the bridge's spatial mean."""
        logits, bridge = self._decode(x)
        return Inference(logits.softmax(dim=1), bridge.mean(dim=(2, 3)))

    def _decode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skips: list[Tensor] = []  # (B, 48, H/4, W/4) ... (B, 384, H/32, W/32)
        for layer in self.encoder.children():
            x = layer(x)
            skips.append(x)
        bridge: Tensor = self.bridge(skips.pop())
        y = bridge
        for block in self.decoder:
            y = block(y, skips.pop())
        logits: Tensor = self.head(y)
        return logits, bridge


def _encoder(in_channels: int) -> nn.Sequential:
    """Return ResNet18's four layers with fewer channels, the stem in the first."""
    stem = nn.Sequential(
        nn.Conv2d(in_channels, _STEM_CHANNELS, kernel_size=7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(_STEM_CHANNELS),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )
    layers = nn.Sequential()
    inputs = _STEM_CHANNELS
    for number, channels in enumerate(ENCODER_CHANNELS):
        layer = _layer(inputs, channels, stride=1 if number == 0 else 2)
        layers.append(nn.Sequential(*stem, *layer) if number == 0 else layer)
        inputs = channels
    _initialise(layers)
    return layers


def _layer(in_channels: int, out_channels: int, *, stride: int) -> nn.Sequential:
    shortcut = nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )
    first = BasicBlock(in_channels, out_channels, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(out_channels, out_channels) for _ in range(_BLOCKS - 1)))


def _initialise(encoder: nn.Module) -> None:
    """Initialise as torchvision's ResNet with ``zero_init_residual``."""
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for module in encoder.modules():
        if isinstance(module, BasicBlock):
            nn.init.zeros_(module.bn2.weight)
