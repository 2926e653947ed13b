"""Soft organs of the thorax as half chords: half of the length, in mm, that a ray along y spends inside each.

Every soft organ is symmetric about the plane y = 0. So along a ray the union of two organs is as long
as the longer, and what an organ leaves of another is their difference: lengths are exact without
tracing anything.

An organ's outline is where its half chord becomes zero. The pleural cavity at one height is made of two
quarter ellipses, lateral and medial of the lung's middle; heart and vessels are ellipsoids joined
smoothly; the diaphragm is two upper halves of ellipsoids standing on cylinders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy
from .levels import LEVELS, Array, Index, table
from .shapes import ellipse, half_chord, join, mix

RIGHT, LEFT = 0, 1
"""The patient's sides, as indices into the pairs of `Anatomy`."""

# Above the apex the cavity has no width, but is divided by.
_THIN = 1e-3


@dataclass(frozen=True, slots=True)
class Hemithorax:
    """One side of the rib cage, seen by a set of rays: all arrays are of the rays' shape, lengths in mm.

    Attributes:
        lateral: Distance from the midline towards this side; negative on the other.
        middle: Where the cavity is deepest, as a lateral distance.
        outer: The cavity's half axis from there to the side wall; tiny above the apex.
        inner: Its half axis from there to the midline.
        depth: Its half axis along y.
    """

    lateral: Array
    middle: Array
    outer: Array
    inner: Array
    depth: Array


class Thorax:
    """The soft organs of one patient."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        self._sides = tuple(self._side_tables(side) for side in (RIGHT, LEFT))
        top = anatomy.apex_z[RIGHT]
        self._band = table(
            [
                (top - 30, 19),
                (top + 15, 20),
                (top + 60, 28),
                (top + 90, 26),
                (-10, 23),
                (40, 25),
                (100, 40),
                (200, 45),
            ]
        )
        width = max(anatomy.half_width)
        girth = width + 14 + 1.3 * anatomy.chest_wall
        shoulder, depth = anatomy.shoulder_z, anatomy.body_depth
        self._trunk_width = table(
            [
                (shoulder - 110, 62),
                (shoulder - 65, 84),
                (shoulder - 30, 136),
                (shoulder, girth * 0.97),
                (shoulder + 60, girth),
                (100, girth),
                (200, girth * 0.95),
                (300, girth * 0.98),
            ],
            smoothing=16,
        )
        self._trunk_depth = table(
            [(shoulder - 92, 56), (shoulder - 50, 66), (shoulder, 0.92 * depth), (-40, depth), (300, depth)]
        )

    def _side_tables(self, side: int) -> tuple[Array, Array, Array, Array]:
        anatomy = self.anatomy
        top, apex = anatomy.apex_z[side], anatomy.apex_x
        below = np.maximum(LEVELS - top, 0)

        # A quarter of an oval, 0 at the apex and 1 where the chest is widest, falls slowly below that
        # to the waist.
        down = np.minimum(below / (anatomy.widest_z - top), 1.45)
        outer_wall = apex + (anatomy.half_width[side] - apex) * (1 - (1 - down) ** 2) ** (
            1 / anatomy.fullness
        )
        start = np.minimum(below / 45, 1)
        inner_wall = apex - (apex - 8) * np.sqrt(1 - (1 - start) ** 2)
        middle = apex - 6 * start
        deep = np.minimum(below / 130, 1)
        depth = anatomy.lung_depth * np.sqrt(1 - (1 - deep) ** 2)
        outer, inner = np.maximum(outer_wall - middle, _THIN), np.maximum(middle - inner_wall, _THIN)
        return middle, outer, inner, depth

    def hemithorax(self, x: Array, level: Index, side: int) -> Hemithorax:
        """Return the rib cage on one side, as rays at the given places see it.

        Args:
            x: Coordinates to the patient's left, mm.
            level: Indices of the rays' levels.
            side: `RIGHT` or `LEFT`.
        """
        middle, outer, inner, depth = (values[level] for values in self._sides[side])
        return Hemithorax(-x if side == RIGHT else x, middle, outer, inner, depth)

    @staticmethod
    def cavity(half: Hemithorax) -> Array:
        """Half chords of the pleural cavity on one side, with what pushes into it not yet taken away."""
        offset = half.lateral - half.middle
        offset /= np.where(offset > 0, half.outer, half.inner)
        return half_chord(offset * offset, half.depth)

    def mediastinum(self, x: Array, z: Array, level: Index) -> Array:
        """Return the half chords of the heart, the great vessels and what lies between the lungs.

        Args:
            x: Coordinates to the patient's left, mm.
            z: Coordinates downwards, mm.
            level: Indices of the rays' levels.
        """
        a = self.anatomy
        heart = ellipse(
            x, z, at=(a.heart_x, a.heart_z), axes=(a.heart_length, a.heart_breadth), tilt=a.heart_tilt
        )
        atrium = ellipse(
            x, z, at=(-9, a.heart_z - 4), axes=(0.55 * a.heart_length, 0.86 * a.heart_length), tilt=0.2
        )
        vessels = ellipse(x, z, at=(2, a.heart_z - 60), axes=(33, 76))
        arch = ellipse(
            x, z, at=(34 - 0.85 * a.knob, a.heart_z - 106), axes=(a.knob, 1.25 * a.knob), tilt=-0.2
        )
        trunk = ellipse(x, z, at=(22, a.heart_z - 50), axes=(24, 40), tilt=-0.3)
        # Fat and vena cava fill the corners between heart and diaphragm.
        floor = ellipse(x, z, at=(6, 0.5 * sum(a.dome_z) + 22), axes=(0.44 * max(a.half_width), 29))
        band = np.square(x / self._band[level])
        return half_chord(join(heart, atrium, vessels, arch, trunk, floor, band), a.heart_depth)

    def diaphragm(self, x: Array, z: Array) -> Array:
        """Half chords of what lies below the diaphragm."""
        a = self.anatomy
        domes = []
        for side, sign in ((RIGHT, -1), (LEFT, 1)):
            middle = 0.5 * a.half_width[side]
            offset = sign * x - middle
            lateral = 1.09 * (a.half_width[side] - middle)
            offset /= np.where(offset > 0, lateral, 2.6 * middle)
            height = np.minimum((z - a.dome_z[side]) / a.dome_drop - 1, 0)
            domes.append(half_chord(offset * offset + height * height, a.dome_depth))
        return np.maximum(*domes)

    def body(self, x: Array, z: Array, level: Index) -> Array:
        """Return the half chords of the whole body: trunk, neck, shoulders and upper arms.

        Args:
            x: Coordinates to the patient's left, mm.
            z: Coordinates downwards, mm.
            level: Indices of the rays' levels.
        """
        a = self.anatomy
        side = np.abs(x)
        trunk = side / self._trunk_width[level]
        trunk *= trunk * trunk
        joint = (max(a.half_width) + 36, a.shoulder_z + 4)
        radius = 34 + 0.75 * a.chest_wall
        shoulder = ellipse(side, z, at=(joint[0] - 18, joint[1] + 6), axes=(66, radius + 15), tilt=0.45)
        dx, dz = side - joint[0], z - joint[1]
        c, s = math.cos(a.arm_angle), math.sin(a.arm_angle)
        along = np.maximum(s * dx + c * dz, 0)
        arm = (np.square(dx - s * along) + np.square(dz - c * along)) / (radius**2)
        f, depth = mix(
            (trunk, self._trunk_depth[level]),
            (shoulder, 76 + 0.5 * a.chest_wall),
            (arm, 1.05 * radius),
        )
        return half_chord(f, depth)

    def breasts(self, x: Array, z: Array) -> Array:
        """Lengths (whole, not half) of the breasts in front of the chest."""
        a = self.anatomy
        if not a.breast:
            return np.zeros_like(x)
        at = (0.6 * max(a.half_width), a.dome_z[RIGHT] + 0.35 * a.breast - 38)
        f = ellipse(np.abs(x), z, at=at, axes=(58 + 0.3 * a.breast, 56 + 0.4 * a.breast), tilt=0.3)
        # They grow out of the chest wall above, so only their lower rims are edges.
        return half_chord(f, a.breast) * np.clip((z - (at[1] - 45)) / 75, 0, 1)

    def gas(self, x: Array, z: Array) -> Array:
        """Lengths (whole) of the gas in the stomach, over a level fluid."""
        a = self.anatomy
        if not a.gas:
            return np.zeros_like(x)
        at = (0.5 * a.half_width[LEFT] - 4, a.dome_z[LEFT] + 8 + a.gas)
        length = 2 * half_chord(ellipse(x, z, at=at, axes=(1.5 * a.gas, a.gas), tilt=-0.1), 1.1 * a.gas)
        # The fluid's level is soft by a millimetre, as a meniscus is.
        length *= np.clip(at[1] + 0.35 * a.gas - z, 0, 1)
        return length
