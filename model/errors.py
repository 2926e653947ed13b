"""The exceptions of the package. Each message says what is wrong, and what to do."""


class PleuraError(Exception):
    """Base of all errors that the user can correct."""


class ImageError(PleuraError):
    """Base of all errors of an image."""


class UnreadableImage(ImageError):
    """The bytes are not a complete, readable image."""


class DecoderFailure(UnreadableImage):
    """A decoder failed with an unexpected exception, kept as the cause for the log: it may quote the file."""

    def __init__(
        self, message: str = "The image cannot be read: save it again with another program."
    ) -> None:
        super().__init__(message)


class UnsupportedImage(ImageError):
    """The type of the image is not supported."""


class ImageTooLarge(ImageError):
    """The image has more pixels than allowed."""


class UnsuitableImage(ImageError):
    """The image is readable, but not a single-frame projection radiograph."""


class UnsuitableMask(UnsuitableImage):
    """The mask is readable, but lung and background cannot be told apart."""


class SizeMismatch(ImageError):
    """Two images that belong together differ in size."""


class CheckpointError(PleuraError):
    """The checkpoint is missing, damaged, altered or not Pleura's."""


class EngineError(PleuraError):
    """The engine cannot be started, or failed while it ran."""
