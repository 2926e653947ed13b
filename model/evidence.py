"""The evidence that the quality model assesses, and is fitted to."""

import numpy as np
from numpy.typing import NDArray

from .checkpoint import CheckpointMetadata
from .lungs import label_by_file
from .native_size import network_frame
from .postprocessing import Kept, keep_lungs
from .preprocessing import Preprocessing
from .quality import Evidence
from .stages import Inferred, Prepared


def kept_probabilities(inferred: Inferred, *, threshold: float, postprocess: bool) -> Kept:
    """Return the probabilities of lung, with post-processing if requested.

    Args:
        inferred: The network's output for one image.
        threshold: Probability from which a pixel is lung, 0 to 1.
        postprocess: Keep at most two components and fill holes.

    Returns:
        Probabilities ``(S, S)`` float32 at the network's size, with their components after post-processing.
    """
    probabilities = inferred.probabilities
    return keep_lungs(probabilities, threshold=threshold) if postprocess else Kept(probabilities)


def evidence_of(
    prepared: Prepared,
    inferred: Inferred,
    labels: NDArray[np.uint8],
    *,
    threshold: float,
    preprocessing: Preprocessing,
) -> Evidence:
    """Return the evidence on a mask for the quality model.

    Args:
        prepared: The radiograph and the network's input.
        inferred: The network's output for it.
        labels: ``(h, w)`` uint8 as of `label_lungs`, of the radiograph's picture at the network's size.
        threshold: Probability from which a pixel is lung, 0 to 1.
        preprocessing: How the input was made, which says where the picture is in the network's square.
    """
    frame = network_frame(prepared.radiograph, preprocessing)
    return Evidence(
        input=prepared.input[0][frame],
        probabilities=inferred.probabilities[frame],
        labels=labels,
        embedding=inferred.embedding,
        threshold=threshold,
    )


def usual_evidence(prepared: Prepared, inferred: Inferred, metadata: CheckpointMetadata) -> Evidence:
    """Return the evidence with the checkpoint's threshold and post-processing, as for fitting.

    Args:
        prepared: The radiograph and the network's input.
        inferred: The network's output for it.
        metadata: Its threshold and preprocessing are used.
    """
    threshold, preprocessing = metadata.threshold, metadata.preprocessing
    kept, components = kept_probabilities(inferred, threshold=threshold, postprocess=True)
    labels, _, _ = label_by_file(kept >= threshold, prepared.radiograph.sides, components)
    labels = labels[network_frame(prepared.radiograph, preprocessing)]
    return evidence_of(prepared, inferred, labels, threshold=threshold, preprocessing=preprocessing)
