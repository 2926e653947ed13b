import numpy as np
import pytest
from numpy.typing import NDArray

from samples.shapes import ellipse, half_chord, join, mix


def _at(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_chord_of_a_sphere() -> None:
    # A ray that passes a ball of radius 5 at a distance of 3 is inside for 2 * 4.
    f = ellipse(_at(0, 3, 0, 5, 6), _at(0, 0, 3, 0, 0), at=(0, 0), axes=(5, 5))
    assert half_chord(f, 5) == pytest.approx([5, 4, 4, 0, 0])


def test_chord_of_a_tilted_ellipse() -> None:
    # Its long axis, 2, points to the lower right.
    f = ellipse(
        _at(1 + 2**0.5, 1 + 0.5**0.5), _at(2 + 2**0.5, 2 - 0.5**0.5), at=(1, 2), axes=(2, 1), tilt=np.pi / 4
    )
    assert f == pytest.approx([1, 1])


def test_join_contains_both_shapes_and_equals_one_far_from_the_other() -> None:
    near, far = _at(0.5, 1.0, 7.0), _at(9.0, 1.0, 0.25)
    joined = join(near, far)
    assert (joined <= np.minimum(near, far) + 1e-5).all()
    assert joined[[0, 2]] == pytest.approx([0.5, 0.25], abs=1e-4)
    assert joined[1] < 1


def test_a_mix_takes_the_depth_of_the_nearer_shape() -> None:
    f, depth = mix((_at(0.2, 6.0), 100.0), (_at(6.0, 0.2), 40.0))
    assert f == pytest.approx([0.2, 0.2], abs=1e-4)
    assert depth == pytest.approx([100, 40], abs=1e-3)
