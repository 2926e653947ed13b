"""What can be wrong, as one small tree. Each message is a sentence that says what to do."""


class PleuraError(Exception):
    """Anything that Pleura refuses or cannot do for a reason that its user can mend."""


class ImageError(PleuraError):
    """Something is wrong with an image."""


class UnreadableImage(ImageError):
    """The bytes are not a whole, readable image."""


class DecoderFailure(UnreadableImage):
    """A decoder failed in a way that nobody foresaw; the cause is for a log, as it may quote what was read."""

    def __init__(
        self, message: str = "The image cannot be read: save it again with another program."
    ) -> None:
        super().__init__(message)


class UnsupportedImage(ImageError):
    """Not a type of image that is read here."""


class ImageTooLarge(ImageError):
    """More pixels than allowed."""


class UnsuitableImage(ImageError):
    """Readable, but not a single-frame projection radiograph."""


class UnsuitableMask(UnsuitableImage):
    """Readable, but lung and background cannot be told apart in it."""


class SizeMismatch(ImageError):
    """Two images that belong together differ in size."""


class CheckpointError(PleuraError):
    """A checkpoint is missing, damaged, altered or of another make."""


class EngineError(PleuraError):
    """The engine cannot be started, or failed while it ran."""
