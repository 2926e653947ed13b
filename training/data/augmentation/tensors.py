"""How the transforms here see torchvision's tensors."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

Params = dict[str, Any]


class ImageOnly(v2.Transform):
    """A transform that leaves masks alone: `change` gets and gives ``(H, W)`` float32 in 0..1."""

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        if isinstance(inpt, tv_tensors.Image):
            return like(inpt, self.change(inpt[0].numpy().copy()).clip(0, 1).astype(np.float32))
        return inpt

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image changed; values outside 0..1 are cut afterwards."""
        raise NotImplementedError


def like(inpt: Tensor, pixels: NDArray[Any]) -> Tensor:
    """``(H, W)`` pixels as a tensor of the same make as ``inpt``."""
    tensor = torch.from_numpy(pixels)
    wrapped: Tensor = tv_tensors.wrap(
        tensor if isinstance(inpt, tv_tensors.Mask) else tensor[None], like=inpt
    )
    return wrapped
