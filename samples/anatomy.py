"""The anatomy of one synthetic patient: sizes and positions of the organs in mm, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """One patient, standing, seen as on the film.

    Lengths are in mm. x runs to the image's right (the patient's left) from the midline, z down from
    the middle of the field, y along the rays. Pairs are (right, left) of the patient, so the first is
    on the image's left.

    Attributes:
        apex_z: Tops of the lungs.
        fullness: How broad the upper chest is; 2 is an ellipse, more is broader.
        apex_x: Distance of the tops from the midline.
        half_width: Greatest distance of the pleura from the midline.
        widest_z: Level of that distance.
        lung_depth: Half of the lungs' greatest extent along y.
        dome_z: Tops of the diaphragm.
        dome_drop: Height over which a dome falls away from its top to its equator.
        dome_depth: Half of the domes' extent along y.
        heart_x, heart_z: Centre of the ventricles.
        heart_length, heart_breadth: Half axes of the ventricles.
        heart_tilt: Angle of the long axis below the horizontal, radians.
        heart_depth: Half of the heart's extent along y.
        knob: Radius of the aortic arch.
        bend: Greatest sideways shift of the spine, and of what hangs on it.
        bend_phase: Where along z the spine bends, radians.
        rib_z: Level of the first rib's head.
        rib_pitch: Distance between the heads of the first two ribs.
        rib_fall: Height that a rib loses from its head to the side, and from the side to the front.
        rib_height, rib_thickness: Size of a rib's cross-section.
        bone: Bone density, as a share of the usual.
        chest_wall: Thickness of muscle and fat over the ribs.
        body_depth: Half of the trunk's extent along y.
        breast: Thickness of the breasts; 0 for none.
        shoulder_z: Level of the shoulder joints.
        arm_angle: Of the upper arms from the vertical, radians.
        clavicle_rise: Height of the outer end of the clavicles over the inner.
        gas: Radius of the stomach's gas bubble; 0 for none.
        hilum_z: Levels of the hila.
        vessels: Radius of the first pulmonary branches.
        vessel_seed: Seed of the vessels' courses.
    """

    apex_z: tuple[float, float]
    fullness: float
    apex_x: float
    half_width: tuple[float, float]
    widest_z: float
    lung_depth: float
    dome_z: tuple[float, float]
    dome_drop: float
    dome_depth: float
    heart_x: float
    heart_z: float
    heart_length: float
    heart_breadth: float
    heart_tilt: float
    heart_depth: float
    knob: float
    bend: float
    bend_phase: float
    rib_z: float
    rib_pitch: float
    rib_fall: tuple[float, float]
    rib_height: float
    rib_thickness: float
    bone: float
    chest_wall: float
    body_depth: float
    breast: float
    shoulder_z: float
    arm_angle: float
    clavicle_rise: float
    gas: float
    hilum_z: tuple[float, float]
    vessels: float
    vessel_seed: int


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw a patient: narrow or wide, deep or shallow breath, slim or stout, with or without breasts."""

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    width = between(116, 150)
    apex = between(-160, -147)
    right_dome = between(42, 90)
    left_dome = right_dome + between(3, 18)
    chest_wall = between(9, 26)
    lung_depth = between(80, 98)
    heart_length = 0.26 * width + between(26, 42)
    shoulder = apex + between(30, 48)
    return Anatomy(
        apex_z=(apex + between(-3, 3), apex + between(-3, 3)),
        fullness=between(2.0, 2.5),
        apex_x=between(45, 53),
        half_width=(width + between(-3, 5), width + between(-5, 3)),
        widest_z=right_dome + between(5, 30),
        lung_depth=lung_depth,
        dome_z=(right_dome, left_dome),
        dome_drop=between(62, 85),
        dome_depth=lung_depth * between(1.08, 1.25),
        heart_x=between(22, 29),
        heart_z=left_dome - between(17, 27),
        heart_length=heart_length,
        heart_breadth=heart_length * between(0.68, 0.8),
        heart_tilt=between(0.55, 0.95),
        heart_depth=between(52, 64),
        knob=between(13, 19),
        bend=between(-5, 5),
        bend_phase=between(0, 6.3),
        rib_z=apex - between(-4, 6),
        rib_pitch=between(21.5, 24.5),
        rib_fall=(between(36, 62), between(70, 105)),
        rib_height=between(10.5, 13),
        rib_thickness=between(6, 7.5),
        bone=between(0.8, 1.15),
        chest_wall=chest_wall,
        body_depth=lung_depth + 14 + 0.6 * chest_wall,
        breast=between(18, 48) if rng.random() < 0.45 else 0.0,
        shoulder_z=shoulder,
        arm_angle=between(0.3, 0.75),
        clavicle_rise=between(12, 34),
        gas=between(14, 27) if rng.random() < 0.6 else 0.0,
        hilum_z=(between(-22, -10), between(-34, -24)),
        vessels=between(4.6, 6.0),
        vessel_seed=int(rng.integers(2**32)),
    )
