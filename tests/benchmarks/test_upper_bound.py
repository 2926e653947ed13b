from typing import Literal

import cv2
import numpy as np
import pytest

from benchmarks.upper_bound import decode
from model.preprocessing import Preprocessing
from model.reading import read
from samples.phantom import phantom

SIDE = 1024


@pytest.mark.parametrize(("suffix", "bits"), [(".png", 8), (".png", 16), (".jpg", 8)])
def test_network_input_is_that_of_the_service(suffix: str, bits: Literal[8, 16]) -> None:
    data = cv2.imencode(suffix, phantom(width=SIDE, height=SIDE, seed=1, bits=bits).pixels)[1].tobytes()
    preprocessing = Preprocessing()
    served = preprocessing.apply(read(data, min_side=preprocessing.input_size).pixels)
    assert np.array_equal(decode(data, preprocessing, SIDE), served[None, None])


def test_png_is_not_decoded_by_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    data = cv2.imencode(".png", phantom(width=64, height=64, seed=1).pixels)[1].tobytes()
    monkeypatch.delattr(cv2, "imdecode")
    assert decode(data, Preprocessing(), 64).shape == (1, 1, 256, 256)
