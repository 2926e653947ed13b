"""Shapes in a parallel beam, as a function f: 0 at the centre, 1 on the outline, larger outside."""

from __future__ import annotations

import math

import numpy as np

from .levels import Array

# Beyond this f a shape no longer counts: e to the minus 9 times this is still a float32.
_FAR = 8.0


def ellipse(
    x: Array, z: Array, *, at: tuple[float, float], axes: tuple[float, float], tilt: float = 0
) -> Array:
    """Return the function of an ellipse: below 1 inside, 1 on the outline.

    Args:
        x: Coordinates to the patient's left, mm, of any shape.
        z: Coordinates downwards, mm, of a shape that broadcasts with x.
        at: The centre, x and z in mm.
        axes: The half axes, mm.
        tilt: Radians by which the first axis is tilted down from x.
    """
    dx, dz = x - at[0], z - at[1]
    c, s = math.cos(tilt), math.sin(tilt)
    along = (c * dx + s * dz) / axes[0]
    across = (c * dz - s * dx) / axes[1]
    return along * along + across * across


def join(*shapes: Array, sharpness: float = 9) -> Array:
    """Return f of a smooth union: about the minimum, without a crease where outlines meet."""
    total = np.zeros_like(shapes[0])
    for f in shapes:
        total += np.exp(-sharpness * np.minimum(f, _FAR))
    return np.log(total) / -sharpness


def mix(*shapes: tuple[Array, Array | float], sharpness: float = 5) -> tuple[Array, Array]:
    """Return f and the depth of a smooth union of shapes; the depth changes smoothly between them."""
    total = np.zeros_like(shapes[0][0])
    depths = np.zeros_like(total)
    for f, depth in shapes:
        weight = np.exp(-sharpness * np.minimum(f, _FAR))
        total += weight
        depths += weight * depth
    return np.maximum(np.log(total) / -sharpness, 0), depths / total


def half_chord(f: Array, depth: Array | float) -> Array:
    """Half the length (mm) of a ray inside an ellipsoid with half axis ``depth`` along the ray; 0 outside."""
    return depth * np.sqrt(np.maximum(1 - f, 0))
