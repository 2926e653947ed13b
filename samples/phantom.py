"""A synthetic chest radiograph with its exact lung mask: no patient, no licence, any size.

    python -m samples.phantom --seed 0 --size 1024 --out samples/

writes ``phantom.png`` and ``phantom_mask.png``. In code: ``phantom(width=512, height=640, seed=7).pixels``.

Rays run in parallel from back to front through an analytic thorax and are weakened by Beer and
Lambert's law. What is lung is decided on the middle of each pixel by the same geometry: the ray passes
through a pleural cavity, and neither through the heart and mediastinum nor through what lies below the
diaphragm, even where there is lung in front of these or behind. So picture and mask cannot disagree.

Left out of the model: the beam's divergence and hardening, rotation about the body's axis, disease,
devices and markers.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy, draw_anatomy
from .field import Field
from .film import draw_exposure, expose
from .levels import LEVELS, Array, level_of
from .skeleton import Skeleton
from .thorax import LEFT, RIGHT, Thorax
from .tubes import draw_solid
from .vessels import grow_airway, grow_vessels

# Linear attenuation coefficients in 1/mm at 60 keV, about the effective energy of a filtered 120 kV
# beam: mass attenuation (cm²/g) times density (g/cm³), from NIST's tables of ICRU-44 tissues (Hubbell
# and Seltzer, NISTIR 5632): soft tissue, lung tissue a quarter as dense for its air, and cortical bone.
SOFT = 0.2048 * 1.06 / 10
LUNG = 0.2053 * 0.26 / 10
BONE = 0.3148 * 1.92 / 10

_FIELD_MM = 400
_ROWS_AT_ONCE = 1 << 17


@dataclass(frozen=True, slots=True)
class Phantom:
    """A synthetic radiograph and its exact masks.

    Attributes:
        pixels: ``(height, width)`` uint8 or uint16, bright where the body is dense.
        right, left: ``(height, width)`` bool, the patient's right and left lung; the right is on the
            image's left.
        spacing_mm: (row, column) size of a pixel in the patient.
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    right: NDArray[np.bool_]
    left: NDArray[np.bool_]
    spacing_mm: tuple[float, float]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """``(height, width)`` bool: both lungs."""
        return self.right | self.left


def phantom(*, width: int = 512, height: int = 512, seed: int = 0, bits: Literal[8, 16] = 8) -> Phantom:
    """Draw a synthetic radiograph.

    The shorter side sees about 400 mm, whatever its number of pixels; the same seed is the same patient
    at every size.

    Args:
        width: Columns in pixels.
        height: Rows in pixels.
        seed: Of everything that varies: patient, pose, exposure, noise.
        bits: 8 or 16; the grey values are the same up to rounding.

    Raises:
        ValueError: A side is not positive, or bits is neither 8 nor 16.
    """
    if width < 1 or height < 1:
        raise ValueError(
            f"A phantom cannot be {width} pixels wide and {height} high: ask for at least one each."
        )
    if bits not in (8, 16):
        raise ValueError(f"A phantom has no {bits} bits a pixel: ask for 8 or 16.")
    anatomy_rng, pose_rng, film_rng, noise_rng = np.random.default_rng(seed).spawn(4)
    anatomy = draw_anatomy(anatomy_rng)
    field = _pose(anatomy, pose_rng, width=width, height=height)
    attenuation, air, lungs = _project(anatomy, field)
    attenuation += LUNG * air * _texture(field, pose_rng, coarse=0.03, fine=0.035)
    attenuation *= 1 + _texture(field, pose_rng, coarse=0.008, fine=0.006)
    either = lungs[RIGHT] | lungs[LEFT]
    typical = float(np.median(attenuation[either])) if either.any() else 1.8
    exposure = draw_exposure(film_rng)
    grey = expose(attenuation, lungs=typical, pitch=field.pitch, exposure=exposure, rng=noise_rng)
    pixels = np.rint(grey * 255).astype(np.uint8) if bits == 8 else np.rint(grey * 65535).astype(np.uint16)
    return Phantom(pixels, _whole(lungs[RIGHT]), _whole(lungs[LEFT]), (field.pitch, field.pitch))


def _pose(anatomy: Anatomy, rng: np.random.Generator, *, width: int, height: int) -> Field:
    pitch = _FIELD_MM * rng.uniform(0.94, 1.06) / min(width, height)
    return Field(
        width=width,
        height=height,
        pitch=pitch,
        turn=float(np.deg2rad(rng.uniform(-5, 5))),
        shift=(float(rng.uniform(-8, 8)), float(rng.uniform(-8, 8))),
        bend=(anatomy.bend * np.sin(LEVELS / 75 + anatomy.bend_phase)).astype(np.float32),
    )


def _project(
    anatomy: Anatomy, field: Field
) -> tuple[Array, Array, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return per ray, ``(height, width)``: attenuation, mm of lung tissue, masks of right and left lung."""
    shape = (field.height, field.width)
    thorax, skeleton = Thorax(anatomy), Skeleton(anatomy)
    attenuation = np.empty(shape, np.float32)
    air = np.empty(shape, np.float32)
    lungs = (np.empty(shape, np.bool_), np.empty(shape, np.bool_))
    rows = max(1, _ROWS_AT_ONCE // field.width)
    for top in range(0, field.height, rows):
        strip = slice(top, top + rows)
        x, z = field.rays(strip)
        level = level_of(z)
        body = thorax.body(x, z, level)
        mediastinum, diaphragm = thorax.mediastinum(x, z, level), thorax.diaphragm(x, z)
        obstacle = np.maximum(mediastinum, diaphragm)
        bone = skeleton.spine(x, z, level)
        aerated = np.zeros_like(x)
        for side in (RIGHT, LEFT):
            half = thorax.hemithorax(x, level, side)
            cavity = thorax.cavity(half)
            np.logical_and(cavity > 0, obstacle == 0, out=lungs[side][strip])
            aerated += 2 * np.maximum(cavity - obstacle, 0)
            bone += skeleton.ribs(half, z)
        soft = 2 * body + thorax.breasts(x, z) - thorax.gas(x, z)
        soft *= SOFT
        soft -= (SOFT - LUNG) * aerated
        soft += (BONE - SOFT) * anatomy.bone * bone
        attenuation[strip] = soft
        air[strip] = aerated
    attenuation += (BONE - SOFT) * anatomy.bone * skeleton.limbs(field)
    vessels = np.zeros(shape, np.float32)
    for tree in grow_vessels(anatomy):
        layer = np.zeros(shape, np.float32)
        draw_solid(layer, tree, field)
        vessels += layer
    attenuation += (SOFT - LUNG) * np.minimum(vessels, air)
    airway = np.zeros(shape, np.float32)
    draw_solid(airway, grow_airway(anatomy), field)
    attenuation -= SOFT * airway
    return np.maximum(attenuation, 0), air, lungs


def _whole(lung: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest component: sampling a sharp tip of a lung may leave a few separate pixels."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(lung.view(np.uint8), connectivity=8)
    if count <= 2:
        return lung
    largest: NDArray[np.bool_] = labels == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])
    return largest


def _texture(field: Field, rng: np.random.Generator, *, coarse: float, fine: float) -> Array:
    """Unevenness of tissue, ``(height, width)`` float32 around 0, with the standard deviations given."""
    total = np.zeros((field.height, field.width), np.float32)
    for cell, strength in ((25.0, coarse), (7.0, (coarse + fine) / 2), (2.5, fine)):
        size = [max(2, round(side * field.pitch / cell)) for side in (field.width, field.height)]
        noise = rng.standard_normal((size[1], size[0]), dtype=np.float32) * strength
        total += cv2.resize(noise, (field.width, field.height), interpolation=cv2.INTER_CUBIC)
    return total


def main() -> None:
    """Write one phantom and its mask as PNG."""
    parser = argparse.ArgumentParser(prog="python -m samples.phantom", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=1024, help="pixels along each side")
    parser.add_argument("--out", type=Path, default=Path("samples"), help="the folder to write into")
    options = parser.parse_args()
    made = phantom(width=options.size, height=options.size, seed=options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    mask = made.mask.astype(np.uint8) * 255
    for name, image, options_png in (
        ("phantom.png", made.pixels, []),
        ("phantom_mask.png", mask, [cv2.IMWRITE_PNG_BILEVEL, 1]),
    ):
        _, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9, *options_png])
        (options.out / name).write_bytes(data.tobytes())


if __name__ == "__main__":
    main()
