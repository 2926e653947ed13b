"""Bones as the length of solid bone, in mm, that a ray along y meets."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from .anatomy import Anatomy
from .field import Field
from .levels import Array, Index, table
from .thorax import Hemithorax
from .tubes import Tube, draw_bone

Point = tuple[float, float]

_QUARTER = math.pi / 2
# The pitch of the ribs grows by this share for each mm downwards.
_SPREAD = 0.0004
# Further from the first rib there are no more vertebrae.
_REACH = 800


class Skeleton:
    """The bones of one patient."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        top = anatomy.rib_z
        self._spine = table([(top - 60, 12), (top, 14.5), (top + 120, 15.5), (top + 260, 19), (400, 22)])

    def ribs(self, half: Hemithorax, z: Array) -> Array:
        """Bone of one side's ribs.

        A rib lies in the shell around the pleural cavity. Its centre line falls with the angle round
        the cage, so all ribs follow from one another by a shift along z, and the nearest is found by
        rounding.
        """
        a = self.anatomy
        thickness = a.rib_thickness
        outside = np.maximum(half.lateral - half.middle, 0)
        inner = np.sqrt(np.maximum(1 - np.square(outside / half.outer), 0)) * half.depth
        shell = np.sqrt(np.maximum(1 - np.square(outside / (half.outer + thickness)), 0))
        shell *= half.depth + thickness
        # The difference of the whole chords is both walls, the back one and the front one.
        wall = shell - inner
        wall[half.depth <= 0] = 0
        # Seen edge on, a rib is mostly its spongy core.
        wall /= 1 + wall / 16

        sine = np.minimum(outside / (half.outer + 0.9 * thickness), 1)
        angle = np.arcsin(sine) / _QUARTER
        # The cage is nearly round: an angle of a quarter turn is this long on its wall.
        quarter = _QUARTER * 0.5 * (half.outer + half.depth) + 20
        back_fall, front_fall = a.rib_fall
        lower = np.clip((z - a.rib_z) / 260, 0, 1)

        drop = back_fall * (angle * np.sqrt(angle) - 0.12 * np.sin(angle * math.pi))
        slope = back_fall * 1.5 * np.sqrt(angle) / quarter
        bone: Array = wall * self._profile(z - drop, slope, height=a.rib_height)
        # Heads of the ribs end beside the vertebrae.
        bone *= np.clip((half.lateral - 15) / 5, 0, 1)

        turned = 1 - angle
        drop = back_fall + front_fall * turned * (1 - 0.18 * turned)
        slope = front_fall * (1 - 0.36 * turned) / quarter
        front = wall * self._profile(z - drop, slope, height=1.15 * a.rib_height, last=10)
        # Towards the breastbone the ribs go over into cartilage, which is as soft as muscle here.
        front *= np.clip((half.lateral - (48 + 46 * lower)) / 14, 0, 1)
        bone += 0.85 * front
        return bone

    def _profile(self, z: Array, slope: Array, *, height: float, last: int = 12) -> Array:
        """Share of the wall that is bone: a cortex round a spongy core, 0 between the ribs."""
        start, pitch = self.anatomy.rib_z, self.anatomy.rib_pitch
        below = np.clip(z - start, -_REACH, _REACH)
        stretched = 1 + _SPREAD * below
        phase = below / (pitch * stretched)
        number = np.clip(np.rint(phase), 0, last - 1)
        distance = (phase - number) * pitch * stretched * stretched
        distance /= np.sqrt(1 + slope * slope)
        u = np.square(distance / (height / 2))
        rim = np.sqrt(np.maximum(1 - u, 0))
        core = np.sqrt(np.maximum(1 - u / 0.62, 0))
        share: Array = 1.3 * rim - 0.5 * core
        return share

    def spine(self, x: Array, z: Array, level: Index) -> Array:
        """Bone of the vertebrae: bodies, end plates, discs, pedicles, spinous and transverse processes.

        Args:
            x: Coordinates to the patient's left, mm.
            z: Coordinates downwards, mm.
            level: Indices of the rays' levels.

        Returns:
            Length of bone along each ray, mm, of the broadcast shape.
        """
        a = self.anatomy
        width = self._spine[level]
        pitch = a.rib_pitch
        below = np.clip(z - a.rib_z, -_REACH, _REACH)
        phase = below / (pitch * (1 + _SPREAD * below)) - 0.5
        within = phase - np.rint(phase)
        end = np.abs(within)
        disc = np.clip((end - 0.40) * 25, 0, 1)
        plate = np.clip(1 - np.abs(end - 0.37) * 22, 0, 1)
        waist = width * (0.9 + 0.42 * end * end)
        across = np.abs(x) / waist
        boxy = np.sqrt(np.maximum(1 - across**4, 0))
        bone: Array = boxy * (6.5 - 4 * disc + 3.5 * plate)
        # The sides of the bodies are cortex, seen edge on.
        bone += 3 * np.clip(1 - np.abs(across - 0.93) * 14, 0, 1) * (1 - disc)
        height = within * pitch
        ring = np.sqrt(np.square((np.abs(x) - 0.62 * width) / 4.2) + np.square((height + 4) / 6))
        bone += 6 * np.clip(1 - np.abs(ring - 1) * 2.6, 0, 1)
        process = np.square(x / 3.2) + np.square((height - 3) / 8)
        bone += 7 * np.sqrt(np.maximum(1 - process, 0))
        arms = np.square((np.abs(x) - width - 5) / 11) + np.square((height + 3) / 4.5)
        bone += 4 * np.sqrt(np.maximum(1 - arms, 0))
        return bone

    def limbs(self, field: Field) -> Array:
        """Bone of collar bones, shoulder blades and upper arms, ``(height, width)``."""
        bone = np.zeros((field.height, field.width), np.float32)
        blade = np.zeros(bone.shape, np.uint8)
        corners = [*self._blade_outer, *self._blade_inner[1:]]
        for sign in (-1, 1):
            for line, radii, wall in self._tubes():
                draw_bone(bone, Tube.through(line, radii=radii, sign=sign, wall=wall), field)
            polygon = field.pixels(np.array(corners) * (sign, 1))
            cv2.fillPoly(blade, [np.rint(polygon * 16).astype(np.int32)], 1, shift=4)
        bone += blade * 1.3
        return bone

    @property
    def _blade_outer(self) -> list[Point]:
        """The shoulder blade's rim from the joint down to its lower tip."""
        width, shoulder = max(self.anatomy.half_width), self.anatomy.shoulder_z
        return [(width + 17, shoulder + 8), (width + 9, shoulder + 50), (width + 3, shoulder + 118)]

    @property
    def _blade_inner(self) -> list[Point]:
        """The rim from the lower tip up, beside the spine."""
        width, shoulder = max(self.anatomy.half_width), self.anatomy.shoulder_z
        return [
            self._blade_outer[-1],
            (width - 8, shoulder + 70),
            (width - 18, shoulder + 10),
            (width - 26, shoulder - 22),
        ]

    def _tubes(self) -> Iterator[tuple[list[Point], list[float], float]]:
        """Points, radii and share of the wall of each bent tube on the side of positive x."""
        a = self.anatomy
        width, shoulder = max(a.half_width), a.shoulder_z
        outer = shoulder - 12
        inner = outer + a.clavicle_rise
        collar = [(14, inner + 4), (45, inner - 5), (85, 0.5 * (inner + outer) - 2), (118, outer)]
        yield [*collar, (width + 12, outer)], [10, 7.5, 6.5, 7, 8.5], 0.34
        x, z = width + 38, shoulder + 4
        s, c = math.sin(a.arm_angle), math.cos(a.arm_angle)
        yield [(x, z), (x + 60 * s, z + 60 * c), (x + 300 * s, z + 300 * c)], [24, 14, 12], 0.2
        yield self._blade_outer, [8, 4.5, 3], 0.3
        yield self._blade_inner, [2.5, 2, 2, 2], 0.45
        ridge = [(width - 20, shoulder + 4), (width + 6, shoulder - 14), (width + 32, shoulder - 22)]
        yield ridge, [3, 5, 8], 0.25
        coracoid = [(width + 14, shoulder + 8), (width + 9, shoulder - 8), (width + 20, shoulder - 15)]
        yield coracoid, [9, 6, 5], 0.12
