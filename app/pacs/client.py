"""dicomweb-client, which would parse what it retrieves; here it gives the bytes, which are read with limits elsewhere."""

from dicomweb_client.web import DICOMwebClient, _Transaction
from requests import Session

from .session import MAX_ANSWER

CONNECT_S, READ_S = 10, 60


class FileClient(DICOMwebClient):
    """A DICOMweb client that also retrieves files as they are."""

    def __init__(self, url: str, session: Session) -> None:
        # What is sent is shorter than one chunk, so that its length is sent before it: not every server takes less.
        super().__init__(
            url, session, permissive_uid=True, timeout=(CONNECT_S, READ_S), chunk_size=MAX_ANSWER
        )
        self.set_http_retry_params(retry=False)

    def retrieve_file(self, study: str, series: str, instance: str) -> bytes:
        """A file of the PACS, in the transfer syntax that it is kept in.

        Raises:
            RequestException: the server does not give it.
            ValueError: what it gives is no such answer.
        """
        response = self._http_get(
            self._get_instances_url(_Transaction.RETRIEVE, study, series, instance),
            headers={"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'},
            stream=True,
        )
        with response:
            if response.headers.get("Content-Type", "").startswith("application/dicom"):
                return response.content
            parts = [bytes(part) for part in self._decode_multipart_message(response, stream=True)]
        if len(parts) != 1:
            raise ValueError(f"{len(parts)} parts instead of one")
        return parts[0]
