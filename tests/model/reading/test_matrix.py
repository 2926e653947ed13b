"""Each kind of file in the list is read, or refused with the error that the list names."""

import numpy as np
import pytest

from model.reading import read

from .dicom.files import chest
from .matrix import DICOMS, RASTERS, Kind
from .pictures import ramp

DRAWN = {picture.shape: picture for picture in (ramp(), chest())}


@pytest.mark.parametrize("kind", [*RASTERS, *DICOMS], ids=lambda kind: kind.name)
def test_kind_is_read_or_refused_as_listed(kind: Kind) -> None:
    data = kind.make()
    if kind.refused is None:
        pixels = read(data).pixels
        likeness = np.corrcoef(pixels.ravel(), DRAWN[pixels.shape].ravel())[0, 1]
        least = 0.4 if kind.pixels == "1 bit" else 0.99
        assert (-likeness if "MONOCHROME1" in kind.pixels else likeness) > least
    else:
        with pytest.raises(kind.refused) as refusal:
            read(data)
        assert type(refusal.value) is kind.refused


def test_no_kind_is_listed_twice() -> None:
    names = [kind.name for kind in (*RASTERS, *DICOMS)]
    assert len(names) == len(set(names))
