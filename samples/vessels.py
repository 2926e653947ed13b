"""Airways and pulmonary vessels: trees that branch from the hila until they are too thin to see."""

from __future__ import annotations

import math

import numpy as np

from .anatomy import Anatomy
from .thorax import LEFT, RIGHT
from .tubes import Tube

_THINNEST = 0.7


def grow_vessels(anatomy: Anatomy) -> tuple[list[Tube], list[Tube]]:
    """Arteries and veins of both lungs; what leaves the lung is cut where it is drawn."""
    rng = np.random.default_rng(anatomy.vessel_seed)
    thick = anatomy.vessels
    arteries: list[Tube] = []
    veins: list[Tube] = []
    for side, sign in ((RIGHT, -1), (LEFT, 1)):
        z = anatomy.hilum_z[side]
        root = 40.0 if side == RIGHT else 45.0
        trunk = [(root - 18, z - 8), (root + 2, z - 3), (root + 11, z + 16), (root + 15, z + 45)]
        arteries.append(
            Tube.through(trunk, radii=[1.3 * thick, 1.7 * thick, 1.6 * thick, thick], sign=sign, wall=1)
        )
        trunk = [(root - 22, z + 34), (root - 2, z + 22), (root + 16, z - 2), (root + 22, z - 30)]
        veins.append(
            Tube.through(trunk, radii=[1.6 * thick, 1.3 * thick, thick, 0.7 * thick], sign=sign, wall=1)
        )
        for tree in (arteries, veins, arteries):
            for turn in np.linspace(-1.45, 1.5, 9):
                angle = turn + rng.normal(0, 0.14)
                start = (root + rng.uniform(-2, 13), z + 26 * angle / 1.5 + rng.uniform(-6, 6))
                radius = thick * rng.uniform(0.55, 0.95)
                _branch(tree, rng, start=start, angle=angle, radius=radius, sign=sign)
    return arteries, veins


def grow_airway(anatomy: Anatomy) -> list[Tube]:
    """Windpipe and main bronchi: air."""
    fork = anatomy.heart_z - 82
    radius = 1.7 * anatomy.vessels
    return [
        Tube(np.array([(0, -600), (0, fork - 40), (3, fork)]), np.array([radius, radius, radius])),
        Tube(
            np.array([(1, fork - 3), (-16, fork + 22), (-34, fork + 40)]), np.array([0.75, 0.7, 0.5]) * radius
        ),
        Tube(
            np.array([(3, fork - 3), (26, fork + 20), (44, fork + 34)]), np.array([0.7, 0.65, 0.45]) * radius
        ),
    ]


def _branch(
    tubes: list[Tube],
    rng: np.random.Generator,
    *,
    start: tuple[float, float],
    angle: float,
    radius: float,
    sign: int,
) -> None:
    """Add a branch from ``start`` (lateral distance and z, mm) and its children."""
    steps = 4
    points, radii = [start], [radius]
    end = max(_THINNEST * 0.75, radius * 0.8)
    length = (10 + 3.2 * radius) * rng.uniform(0.75, 1.3)
    for step in range(1, steps + 1):
        angle += rng.normal(0, 0.11)
        x, z = points[-1]
        points.append((x + length / steps * math.cos(angle), z + length / steps * math.sin(angle)))
        radii.append(radius + (end - radius) * step / steps)
    tubes.append(Tube(np.array(points) * (sign, 1), np.array(radii)))
    if end <= _THINNEST:
        return
    fork = rng.uniform(0.25, 0.6)
    # By Murray's law the cubes of the radii add up.
    share = rng.uniform(0.5, 0.8)
    for turn, part in ((fork * (1 - share), share), (-fork * share, 1 - share)):
        side = 1 if rng.random() < 0.5 else -1
        _branch(
            tubes,
            rng,
            start=points[-1],
            angle=angle + side * turn * 1.4,
            radius=end * part ** (1 / 3),
            sign=sign,
        )
