"""Rejection of uploads that are evidently not image files: JSON, urlencoded forms, base64, text fields."""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from model.errors import UnsupportedImage
from model.reading.sniff import HEAD, sniff

from .errors import WrongFields

_INFER = "POST /v2/models/pleura/infer"


@dataclass(frozen=True, slots=True)
class Received:
    """An uploaded file and its declared properties.

    Attributes:
        upload: The bytes of the file.
        content_type: The declared Content-Type.
        field: The form field; None for a body that is not a form.
        named: Whether the form part has a filename.
    """

    upload: UploadFile
    content_type: str = ""
    field: str | None = None
    named: bool = False


def is_json(content_type: str) -> bool:
    """Return whether a Content-Type is JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


async def require_image(received: Received) -> None:
    """Reject an upload whose first bytes show that it is no image file. Other uploads are left to the reader.

    Raises:
        UnsupportedImage: The upload is JSON, a urlencoded form, or an image in base64.
        WrongFields: The form field is text.
    """
    head = await received.upload.read(HEAD)
    await received.upload.seek(0)
    if not head or sniff(head) is not None:
        return
    start = head.lstrip()
    if is_json(received.content_type) or start.startswith((b"{", b'["', b"[{")):
        raise UnsupportedImage(
            f"This is JSON, which is not read here. Send the image's bytes, or JSON with base64 to {_INFER}."
        )
    if _is_base64(start):
        raise UnsupportedImage(
            f"This is an image in base64. Send the decoded bytes, or the base64 in JSON to {_INFER}."
        )
    if received.content_type.lower().startswith("application/x-www-form-urlencoded") and b"=" in head:
        raise UnsupportedImage(
            "This is a urlencoded form, which cannot hold a file. Send the image as multipart/form-data."
        )
    if received.field is not None and not received.named:
        raise WrongFields(
            f"The form field `{received.field}` is text. Send a file, as curl does with -F "
            f"{received.field}=@FILE."
        )


def _is_base64(start: bytes) -> bool:
    """Return whether these bytes begin an image in base64, with or without a data URL prefix."""
    if start[:5].lower() == b"data:":
        _, _, start = start.partition(b",")
    text = b"".join(start.split())
    try:
        decoded = b64decode(text[: len(text) // 4 * 4], validate=True)
    except (Base64Error, ValueError):
        return False
    return sniff(decoded) is not None
