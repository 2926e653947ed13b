"""The errors of the service; `problems` says how each is answered."""

from typing import Self


class ServiceError(Exception):
    """Base of the service's errors. ``retry_after`` is in seconds."""

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BadForm(ServiceError):
    """The multipart body is damaged."""


class BadRequest(ServiceError):
    """The request is not valid HTTP, or its target is not a path."""


class LengthRequired(ServiceError):
    """The headers announce no body."""


class AmbiguousLength(ServiceError):
    """The headers contradict each other about the body's length."""


class HeadersTooLarge(ServiceError):
    """The request line and the headers have more bytes than allowed."""

    @classmethod
    def over(cls, max_bytes: int) -> Self:
        """Return the error for a limit of ``max_bytes``."""
        return cls(
            f"The request line and the headers have more than {max_bytes / 1000:g} kB. Send fewer or shorter "
            "headers."
        )


class WrongKey(ServiceError):
    """The request carries no key, or a wrong one."""


class NoKey(ServiceError):
    """The operation needs an API key, and none is configured."""


class ReloadFailed(ServiceError):
    """The new checkpoint cannot be served."""


class NotAcceptable(ServiceError):
    """No available media type is acceptable to the client."""


class UploadTooSlow(ServiceError):
    """The body did not arrive in time."""


class EncodedBody(ServiceError):
    """The body is compressed."""


class BodyTooLarge(ServiceError):
    """The body has more bytes than allowed."""


class WrongFields(ServiceError):
    """The form's fields are not those of the endpoint."""


class BadInferenceRequest(ServiceError):
    """The body is not a valid request of the Open Inference Protocol."""


class WrongTensors(ServiceError):
    """The tensors do not fit the model."""


class UnknownVersion(ServiceError):
    """The requested version of the model is not served."""


class NotDicom(ServiceError):
    """A DICOM answer was requested for an image that is not DICOM."""


class NoCollection(ServiceError):
    """A corrected mask was sent to be kept, and the service keeps none."""


class UntrustedMask(ServiceError):
    """The mask is not trusted, and the service is configured to reject such masks."""


class TooManyUploads(ServiceError):
    """Too many bodies are being received."""


class QueueFull(ServiceError):
    """Too many images wait for the network."""


class ClientGone(ServiceError):
    """The client has closed the connection."""


class NotReady(ServiceError):
    """The model is loading, or its engine fails."""


class Draining(ServiceError):
    """The service is stopping."""

    def __init__(self) -> None:
        super().__init__("The service is stopping. Send the request to another instance, or again later.")


class DeadlinePassed(ServiceError):
    """The image waited too long for the network."""


class SpoolFull(ServiceError):
    """There was no disk space for the upload."""
