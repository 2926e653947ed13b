"""The transfer syntaxes that are read, and who decodes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydicom import Dataset, uid

from ...errors import UnsupportedImage
from .dataset import text


@dataclass(frozen=True, slots=True)
class Syntax:
    """How the pixels are stored: the codec's family, and pydicom's plug-in for it.

    Native pixels need none; JPEG without one goes to `decode_with_libjpeg`.
    """

    uid: uid.UID
    codec: Literal["native", "rle", "jpeg", "jpeg_ls", "jpeg_2000"]
    plugin: str = ""


# Where there is a choice: Pillow's libjpeg-turbo and CharLS are faster than pylibjpeg's decoder, and refuse what is cut.
_SYNTAXES = {
    syntax.uid: syntax
    for syntax in (
        Syntax(uid.ImplicitVRLittleEndian, "native"),
        Syntax(uid.ExplicitVRLittleEndian, "native"),
        Syntax(uid.ExplicitVRBigEndian, "native"),
        Syntax(uid.DeflatedExplicitVRLittleEndian, "native"),
        Syntax(uid.RLELossless, "rle", "pylibjpeg"),
        Syntax(uid.JPEGBaseline8Bit, "jpeg", "pillow"),
        Syntax(uid.JPEGExtended12Bit, "jpeg"),
        Syntax(uid.JPEGLossless, "jpeg"),
        Syntax(uid.JPEGLosslessSV1, "jpeg"),
        Syntax(uid.JPEGLSLossless, "jpeg_ls", "pyjpegls"),
        Syntax(uid.JPEGLSNearLossless, "jpeg_ls", "pyjpegls"),
        Syntax(uid.JPEG2000Lossless, "jpeg_2000", "pylibjpeg"),
        Syntax(uid.JPEG2000, "jpeg_2000", "pylibjpeg"),
    )
}


def transfer_syntax(dataset: Dataset) -> Syntax:
    """The file's transfer syntax.

    Raises:
        UnsupportedImage: it is not one of those that are read.
    """
    syntax = _SYNTAXES.get(uid.UID(text(dataset.file_meta, "TransferSyntaxUID")))
    if syntax is None:
        raise UnsupportedImage(
            "The pixels of the DICOM file are in a transfer syntax that is not read: send it uncompressed."
        )
    return syntax
