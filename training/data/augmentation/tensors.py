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
        """Return the changed image, which is clipped to 0..1 later.

        Args:
            pixels: ``(H, W)`` float32 in 0..1; they may be overwritten.

        Returns:
            ``(H, W)`` of any float dtype.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError


def like(inpt: Tensor, pixels: NDArray[Any]) -> Tensor:
    """Return pixels as a tensor of the class of another.

    Args:
        inpt: An ``Image`` or a ``Mask`` of torchvision.
        pixels: ``(H, W)`` of any dtype; the tensor shares their memory.

    Returns:
        ``(1, H, W)`` for an image, ``(H, W)`` for a mask.
    """
    tensor = torch.from_numpy(pixels)
    wrapped: Tensor = tv_tensors.wrap(
        tensor if isinstance(inpt, tv_tensors.Mask) else tensor[None], like=inpt
    )
    return wrapped
