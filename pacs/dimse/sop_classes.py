"""SOP classes and transfer syntaxes of the listener; the conformance statement lists them."""

from pydicom.uid import (
    JPEG2000,
    UID,
    ComprehensiveSRStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

VERIFICATION = UID("1.2.840.10008.1.1")
COMMITMENT = UID("1.2.840.10008.1.20.1")
COMMITMENT_INSTANCE = UID("1.2.840.10008.1.20.1.1")
"""Storage Commitment Push Model, and its well-known instance (PS3.4 J)."""
LABEL_MAP = UID("1.2.840.10008.5.1.4.1.1.66.7")

RECEIVED = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
)
"""What is taken."""

TRANSFER_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
)
"""In which transfer syntaxes; not deflated, whose size is not known beforehand."""

SENT = (
    SegmentationStorage,
    LABEL_MAP,
    SecondaryCaptureImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    ComprehensiveSRStorage,
)
"""What is sent, in Explicit or Implicit VR Little Endian."""
