"""``make fuzz``: hostile bytes and hostile requests against a running service.

python -m tests.reliability.fuzz --inputs 20000 --examples 100
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Annotated

import typer
from hypothesis import HealthCheck, Phase, given, settings

from tests.reliability.mutation import mutated
from tests.reliability.seeds import seeds
from tests.reliability.service import Service, ask, form, running
from tests.reliability.strategies import files

DOCUMENTED = {200, 400, 406, 413, 415, 422, 429, 503, 504, 507}
QUERIES = (
    "",
    "?mask=rle",
    "?mask=polygons",
    "?mask=geojson",
    "?mask=none&postprocess=false",
    "?render=overlay",
)
ACCEPTS = ("*/*", "*/*", "image/png", "application/dicom")
CLIENTS = 3
WARM = 0.3
"""Share of the inputs after which memory must have come to rest."""


@dataclass
class Outcome:
    """The result of a run."""

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    slowest_s: float = 0.0
    seconds: float = 0.0

    @property
    def inputs(self) -> int:
        return self.statuses.total()

    @property
    def growth_mb(self) -> float:
        """What memory grew by, once warm: the medians of the last third and of what comes after `WARM`."""
        settled = self.memory_mb[int(len(self.memory_mb) * WARM) :]
        third = max(1, len(settled) // 3)
        return sorted(settled[-third:])[third // 2] - sorted(settled[:third])[third // 2]

    def summary(self) -> str:
        """For people."""
        statuses = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.kinds.items()))
        return (
            f"{self.inputs:,} inputs ({kinds}) in {self.seconds:.0f} s: {statuses}; slowest "
            f"{self.slowest_s:.1f} s; memory {self.memory_mb[0]:.0f} MB at the start, "
            f"{max(self.memory_mb):.0f} at the peak, {self.memory_mb[-1]:.0f} at the end, "
            f"{self.growth_mb:+.1f} once warm; {len(self.faults)} faults"
        )


def mutations(*, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield damaged files, endlessly."""
    random, whole = Random(seed), seeds()
    names = sorted(whole)
    while True:
        name = random.choice(names)
        yield name.partition(" ")[0], mutated(whole[name], whole[random.choice(names)], random)


def thought_of(count: int) -> list[tuple[str, bytes]]:
    """Return files that Hypothesis generates."""
    found: list[tuple[str, bytes]] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def collect(data: bytes) -> None:
        found.append(("hypothesis", data))

    with warnings.catch_warnings():
        # pydicom says of each contradiction what it is.
        warnings.simplefilter("ignore")
        collect()
    return found


def fuzz_bytes(service: Service, *, inputs: int, seed: int = 0, keep: Path | None = None) -> Outcome:
    """Send damaged files and check each answer.

    Args:
        service: with a queue that holds all that is sent at the same time.
        inputs: how many; one in ten comes from Hypothesis.
        seed: of the mutations.
        keep: folder for the inputs that show a fault.
    """
    outcome, random = Outcome(), Random(seed)
    good, start = seeds()["png"], monotonic()

    def requests() -> Iterator[tuple[str, bytes, str, bytes, dict[str, str]]]:
        made = thought_of(inputs // 10)
        for kind, data in chain(made, islice(mutations(seed=seed), inputs - len(made))):
            choice, accept = random.random(), {"Accept": random.choice(ACCEPTS)}
            path = f"/segment{random.choice(QUERIES)}"
            if choice < 0.04:
                body, headers = form(image=good, mask=data)
                path, accept = "/evaluate?resize=true", {}
            elif choice < 0.2:
                body, headers = form(image=data)
            else:
                body, headers = data, {"Content-Type": "application/octet-stream"}
            yield kind, data, path, body, headers | accept

    def client(share: list[tuple[str, bytes, str, bytes, dict[str, str]]]) -> None:
        connection = service.connection(timeout=300)
        for kind, data, path, body, headers in share:
            began = monotonic()
            try:
                status, told, answer = ask(connection, "POST", path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                outcome.faults.append(f"{kind}: {type(error).__name__} {_kept(keep, data)}")
                connection.close()
                continue
            outcome.slowest_s = max(outcome.slowest_s, monotonic() - began)
            outcome.statuses[status] += 1
            outcome.kinds[kind] += 1
            if fault := _fault(status, told, answer):
                outcome.faults.append(f"{kind} {path}: {fault} {_kept(keep, data)}")
        connection.close()

    service.request("POST", "/evaluate", *form(image=good, mask=good))
    outcome.memory_mb.append(service.memory_mb())
    everything = requests()
    with ThreadPoolExecutor(CLIENTS) as threads:
        while share := list(islice(everything, max(60, inputs // 40))):
            list(threads.map(client, (share[index::CLIENTS] for index in range(CLIENTS))))
            if not service.alive:
                outcome.faults.append(f"the process died: {service.process.returncode}")
                break
            outcome.memory_mb.append(service.memory_mb())
    outcome.seconds = monotonic() - start
    if service.alive and service.status("POST", "/segment", good) != 200:
        outcome.faults.append("a good image is not served afterwards")
    return outcome


def _fault(status: int, headers: dict[str, str], answer: bytes) -> str | None:
    """Return what is wrong with an answer to damaged bytes."""
    if status not in DOCUMENTED:
        return f"status {status}"
    if status != 200:
        if headers["content-type"] != "application/problem+json":
            return f"{status} is no problem document"
        problem = json.loads(answer)
        if problem["status"] != status or not problem["detail"]:
            return f"{status} is not what its document says"
        if status in (429, 503) and "retry-after" not in headers:
            return f"{status} without Retry-After"
    named = b"DOE^JANE" in answer and headers["content-type"] != "application/dicom"
    if named or b"Traceback" in answer or b"/site-packages/" in answer:
        return f"{status} says too much"
    return None


def _kept(folder: Path | None, data: bytes) -> str:
    if folder is None:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(data).hexdigest()[:16]
    (folder / name).write_bytes(data)
    return name


def fuzz_interface(service: Service, *, examples: int, key: str | None = None) -> tuple[bool, str]:
    """Run schemathesis on the OpenAPI document, in all its phases.

    One check is left out: that whatever fits the document is accepted. Any bytes are a fitting image, few
        are a radiograph.
    """
    authorization = {"Authorization": f"Bearer {key}"} if key else {}
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{service.port}/openapi.json"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(examples)),
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
        *(f"--header={name}: {value}" for name, value in authorization.items()),
        *("--suppress-health-check", "all", "--continue-on-failure", "--no-color"),
        *("--request-timeout", "300", "--generation-database", "none", "--warnings", "off"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and service.alive, done.stdout + done.stderr


def main(
    inputs: Annotated[int, typer.Option(help="Damaged files to send.")] = 20_000,
    examples: Annotated[int, typer.Option(help="Of schemathesis, for each operation.")] = 100,
    seed: Annotated[int, typer.Option(help="Of the mutations.")] = 0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="To serve; a stand-in for the network if not given.", exists=True)
    ] = None,
    keep: Annotated[Path, typer.Option(help="Folder for inputs that show a fault.")] = Path("fuzz-faults"),
) -> None:
    """Send damaged files and malformed requests to a service; exit code 1 if an answer is wrong."""
    with TemporaryDirectory() as folder, running(Path(folder), checkpoint=checkpoint, api_key="k") as service:
        clean, report = fuzz_interface(service, examples=examples, key="k")
        summary = report[report.find("=== SUMMARY") :] if clean else report
        typer.echo(summary)
        typer.echo(f"schemathesis: {'no fault' if clean else 'FAULTS'}\n")
    with TemporaryDirectory() as folder, running(Path(folder), checkpoint=checkpoint) as service:
        outcome = fuzz_bytes(service, inputs=inputs, seed=seed, keep=keep)
        typer.echo(f"bytes: {outcome.summary()}")
        for fault in outcome.faults[:20]:
            typer.echo(f"  {fault}")
    if outcome.growth_mb > 60:
        typer.echo("memory is not flat")
    raise typer.Exit(bool(outcome.faults or not clean or outcome.growth_mb > 60))


if __name__ == "__main__":
    program = typer.Typer(pretty_exceptions_enable=False)
    program.command()(main)
    program()
