"""Conversion between torchvision's tensors and the arrays that the transforms change."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

Params = dict[str, Any]


class ImageOnly(v2.Transform):
    """A transform of images alone; masks are left as they are."""

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        if isinstance(inpt, tv_tensors.Image):
            return like(inpt, self.change(inpt[0].numpy().copy()).clip(0, 1).astype(np.float32))
        return inpt

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the changed image, clipped later; ``pixels`` are ``(H, W)`` float32 in 0..1."""
        raise NotImplementedError


def like(inpt: Tensor, pixels: NDArray[Any]) -> Tensor:
    """Return ``pixels`` ``(H, W)`` as a tensor of the class of ``inpt``."""
    tensor = torch.from_numpy(pixels)
    wrapped: Tensor = tv_tensors.wrap(
        tensor if isinstance(inpt, tv_tensors.Mask) else tensor[None], like=inpt
    )
    return wrapped
