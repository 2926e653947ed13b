"""Runs ``pleura`` and records the names it looks up, the addresses it connects to and the files it leaves."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path

ROOT = Path(__file__).parents[2]

_HOOK = """
import os, sys
_LOG = os.open({log!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
def _see(event, arguments):
    if event in _LOOKUPS:
        told = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        told = arguments[1][0]
    else:
        return
    os.write(_LOG, str(told).encode() + b"\\n")
sys.addaudithook(_see)
"""
"""Loaded by each Python process as ``sitecustomize``: what Python code asks of the network."""

_SPOKEN = re.compile(r"send[a-z]*\(\d+<[A-Zv0-9]+:\[.*?->\[?([0-9a-f.:]+?)\]?:\d+\]>")
_ADDRESSED = re.compile(
    r'(?:connect\(\d+<TCP|send[a-z]*\().*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")'
)
"""Patterns of strace's output: peers of sockets that send, and addresses that are named.

Connecting a UDP socket, which programs do to find their own address, sends nothing.
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a command did.

    Attributes:
        spoken_to: names looked up and addresses spoken to, but for this machine's own.
        own: the same of this machine itself.
        left: files and folders that were left in the home, temporary and working folder, relative to their
            common parent.
    """

    spoken_to: set[str]
    own: set[str]
    left: set[str]


class Watch:
    """Empty home, temporary and working folders, and the environment of the processes that are watched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.log = folder / "output.log"
        for name in ("home", "tmp", "work", "site"):
            (folder / name).mkdir(parents=True)
        (folder / "site" / "sitecustomize.py").write_text(_HOOK.format(log=str(folder / "python.log")))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, (folder / "site", ROOT, ROOT / "client"))),
        }

    def start(self, *arguments: str | Path, **environment: str) -> "subprocess.Popen[bytes]":
        """Start ``pleura`` with these arguments, under strace if that works, which covers native code too."""
        command = [sys.executable, "-m", "pleura_cli", *map(str, arguments)]
        if _can_trace():
            traced = (
                "strace",
                "-f",
                "-qq",
                "-yy",
                "--seccomp-bpf",
                "-e",
                "trace=connect,sendto,sendmsg,sendmmsg",
            )
            command = [*traced, "-o", str(self.folder / "native.log"), *command]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.work,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, *arguments: str | Path, **environment: str) -> None:
        """Run ``pleura`` to its end, which must be a good one."""
        code = self.start(*arguments, **environment).wait()
        assert code == 0, self.log.read_text()

    def stop(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit code after SIGTERM."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]) if _can_trace() else process.pid, signal.SIGTERM)
        return process.wait()

    def seen(self) -> Seen:
        """What was done so far."""
        places = set(self._read("python.log").splitlines())
        native = self._read("native.log")
        places |= set(_SPOKEN.findall(native)) | {one or other for one, other in _ADDRESSED.findall(native)}
        own = {place for place in places if _is_own(place)}
        left = {
            str(path.relative_to(self.folder))
            for name in ("home", "tmp", "work")
            for path in (self.folder / name).rglob("*")
        }
        return Seen(places - own, own, left)

    def _read(self, name: str) -> str:
        log = self.folder / name
        return log.read_text(errors="replace") if log.exists() else ""


def _is_own(place: str) -> bool:
    """Return whether a name or an address is this machine's."""
    if place in ("None", "localhost", "0.0.0.0", "::", socket.gethostname(), socket.getfqdn()):
        return True
    try:
        address = ip_address(place.removeprefix("::ffff:"))
    except ValueError:
        return False
    with closing(socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)) as tried:
        try:
            tried.bind((str(address), 0))
        except OSError:
            return False
    return True


@cache
def _can_trace() -> bool:
    strace = shutil.which("strace")
    return (
        strace is not None
        and not subprocess.run(
            [strace, "--seccomp-bpf", "-f", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False
        ).returncode
    )
