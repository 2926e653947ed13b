"""A real Orthanc with its DICOMweb plug-in, on a free port, with a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.app.waiting import wait_until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def missing() -> str | None:
    """Why there can be none here."""
    if shutil.which("Orthanc") is None:
        return "Orthanc (Debian package orthanc) is not installed"
    return None if PLUGIN.exists() else "Orthanc's DICOMweb plug-in (orthanc-dicomweb) is not installed"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class Orthanc:
    """A PACS. Stopped and started again, it still has its images."""

    def __init__(
        self,
        folder: Path,
        *,
        user: str | None = None,
        password: str = "",
        dicom_port: int | None = None,
        modalities: dict[str, list[Any]] | None = None,
        scripts: tuple[Path, ...] = (),
    ) -> None:
        self._folder = folder
        self._folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/dicom-web"
        self._auth = None if user is None else (user, password)
        configuration = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.port,
            "DicomServerEnabled": dicom_port is not None,
            "DicomPort": dicom_port or 4242,
            "DicomAet": "ORTHANC",
            "DicomModalities": modalities or {},
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": user is not None,
            "RegisteredUsers": {} if user is None else {user: password},
            "Plugins": [str(PLUGIN)],
            "LuaScripts": [str(script) for script in scripts],
            "StableAge": 1,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        (folder / "orthanc.json").write_text(json.dumps(configuration))

    def start(self) -> Orthanc:
        with (self._folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(
                ["Orthanc", str(self._folder / "orthanc.json")],
                stdout=log,
                stderr=log,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )

        def answers() -> bool:
            assert process.poll() is None, (self._folder / "log").read_text()
            try:
                return self._ask("GET", "/system").is_success
            except httpx.TransportError:
                return False

        wait_until(answers, within_s=60)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """End it at once: its graceful end takes seconds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process = None

    def clear(self) -> None:
        """Take all images out."""
        for patient in self._json("/patients"):
            self._ask("DELETE", f"/patients/{patient}").raise_for_status()

    def upload(self, data: bytes) -> str:
        """Stores a file; gives Orthanc's own name for it."""
        name: str = self._ask("POST", "/instances", content=data).raise_for_status().json()["ID"]
        return name

    def file(self, name: str) -> bytes:
        return self._ask("GET", f"/instances/{name}/file").raise_for_status().content

    def files(self, modality: str) -> list[bytes]:
        """All instances of a modality."""
        return [
            self.file(name)
            for series in self._json("/series?expand")
            if series["MainDicomTags"].get("Modality") == modality
            for name in series["Instances"]
        ]

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """All jobs of a type."""
        return [job for job in self._json("/jobs?expand") if job["Type"] == kind]

    def _json(self, path: str) -> Any:
        return self._ask("GET", path).raise_for_status().json()

    def _ask(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        return httpx.request(method, self.root + path, content=content, auth=self._auth, timeout=60)
