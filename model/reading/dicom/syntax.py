"""The supported transfer syntaxes."""

from __future__ import annotations

from pydicom import Dataset, uid

from ...errors import UnsupportedImage
from .dataset import text

_NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)
_ENCAPSULATED = (
    uid.RLELossless,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.UID("1.2.840.10008.1.2.4.53"),
    uid.UID("1.2.840.10008.1.2.4.55"),
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
)
"""Compressed syntaxes; the frame tells the codec. The UIDs without a name are retired, progressive JPEG."""


def transfer_syntax(dataset: Dataset) -> uid.UID:
    """Return the file's transfer syntax.

    Raises:
        UnsupportedImage: It is not supported.
    """
    syntax = uid.UID(text(dataset.file_meta, "TransferSyntaxUID"))
    if syntax not in _NATIVE + _ENCAPSULATED:
        raise UnsupportedImage("The DICOM file has a transfer syntax that is not read. Send it uncompressed.")
    return syntax


def is_native(syntax: uid.UID) -> bool:
    """Return whether pixels are stored without a codec."""
    return syntax in _NATIVE
