"""The time that each stage of a segmentation took."""

from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds of each stage of one segmentation; 0 for a stage that did not take place.

    A stage receives the timing of the stages before it and returns it with its own duration.

    Attributes:
        decode: Reading the image and making the network's input (`Segmenter.prepare`).
        queue: Waiting for a thread and for the network, in a service.
        inference: Running the network on the whole batch (`Segmenter.run`).
        postprocess: Components, sides, native size, quality (`Segmenter.finish`).
        encode: Encoding the mask.
    """

    decode: float = 0.0
    queue: float = 0.0
    inference: float = 0.0
    postprocess: float = 0.0
    encode: float = 0.0


def ms_since(start: float) -> float:
    """Return the milliseconds since ``start``, a value of `time.perf_counter`."""
    return (perf_counter() - start) * 1000
