import numpy as np
import pytest

from samples.field import Field
from samples.levels import LEVELS
from samples.tubes import Tube, draw_bone, draw_solid


@pytest.fixture
def field() -> Field:
    """101 × 61 rays, 2 mm apart, straight through an upright patient: the middle one at x = z = 0."""
    return Field(width=101, height=61, pitch=2, turn=0, shift=(0, 0), bend=np.zeros_like(LEVELS))


def _tube(radius: float, *, wall: float = 1) -> Tube:
    return Tube(np.array([(-40.0, 0.0), (40.0, 0.0)]), np.array([radius, radius]), wall)


@pytest.mark.parametrize("radius", [10.0, 50.0])
def test_a_ray_crosses_a_tube_along_its_chord(field: Field, radius: float) -> None:
    canvas = np.zeros((61, 101), np.float32)
    draw_solid(canvas, [_tube(radius)], field)
    assert canvas[30, 50] == pytest.approx(2 * radius)
    assert canvas[33, 50] == pytest.approx(2 * np.sqrt(radius**2 - 36), rel=1e-4)
    assert canvas[30 + int(radius / 2), 50] == pytest.approx(0, abs=0.1)


def test_tubes_that_overlap_in_one_layer_do_not_add_up(field: Field) -> None:
    canvas = np.zeros((61, 101), np.float32)
    draw_solid(canvas, [_tube(6), _tube(10)], field)
    assert canvas.max() == pytest.approx(20)


def test_a_tube_thinner_than_a_ray_keeps_its_volume(field: Field) -> None:
    canvas = np.zeros((61, 101), np.float32)
    draw_solid(canvas, [_tube(0.4)], field)
    # Across the tube: the sum of lengths times the rays' distance is the area of the cross-section.
    assert canvas[:, 50].sum() * field.pitch == pytest.approx(np.pi * 0.4**2, rel=0.35)


def test_hollow_bone_is_its_wall_and_a_fifth_of_its_core(field: Field) -> None:
    canvas = np.ones((61, 101), np.float32)
    draw_bone(canvas, _tube(10, wall=0.4), field)
    assert canvas[30, 50] - 1 == pytest.approx(20 - 0.8 * 12, rel=1e-4)
    assert canvas[0, 0] == 1


def test_tubes_outside_the_image_are_left_out(field: Field) -> None:
    canvas = np.zeros((61, 101), np.float32)
    away = Tube(np.array([(500.0, 0.0), (600.0, 0.0)]), np.array([20.0, 20.0]), 0.5)
    draw_solid(canvas, [away], field)
    draw_bone(canvas, away, field)
    assert not canvas.any()


def test_points_and_rays_agree_in_a_turned_bent_patient() -> None:
    bend = (6 * np.sin(LEVELS / 75)).astype(np.float32)
    field = Field(width=81, height=61, pitch=4.5, turn=0.08, shift=(5, -7), bend=bend)
    x, z = field.rays(slice(20, 40))
    chosen = ((3, 7), (12, 60), (19, 80))
    points = np.array([(x[at], z[at]) for at in chosen], np.float64)
    expected = [(column, row + 20) for row, column in chosen]
    assert field.pixels(points) == pytest.approx(np.array(expected, float), abs=0.01)
