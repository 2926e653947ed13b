"""The peers: other servers with the same weights, and their settings."""

from __future__ import annotations

from pathlib import Path

from model.threads import available_cpus

from .images import RESULTS
from .systems import System

PEERS = Path(__file__).parent / ".venv-peers" / "bin" / "python"


def selected(checkpoint: Path, *, device: str, words: list[str]) -> list[list[System]]:
    """Return the variants of each peer whose name has one of the words; of all peers where there is none."""
    engines = ("torch",) if device == "cuda" else ("torch", "openvino")
    return [
        variants
        for engine in engines
        for variants in peers(checkpoint, engine=engine, device=device, cpus=available_cpus())
        if not words or any(word in variants[0].name for word in words)
    ]


def peers(checkpoint: Path, *, engine: str, device: str, cpus: int) -> list[list[System]]:
    """For each peer its settings that are worth trying; the fastest is measured in full."""
    label = {"torch": "eager", "openvino": "OpenVINO int8"}[engine]
    python = str(PEERS)

    def variant(
        family: str, module: str, path: str, form_field: str, ready: str, *, workers: int, batch: int
    ) -> System:
        serve = (
            (
                python,
                "-m",
                "bentoml",
                "serve",
                f"{module}:Segmentation",
                "--host",
                "127.0.0.1",
                "-p",
                "{port}",
            )
            if family == "BentoML"
            else (python, "-m", module, "{port}")
        )
        told = "" if family == "FastAPI" else f", {workers} worker{'s' if workers > 1 else ''}"
        return System(
            name=f"{family} {label}{told}",
            family=f"{family} {label}",
            command=serve,
            environment={
                "PEER_CHECKPOINT": str(checkpoint),
                "PEER_ENGINE": engine,
                "PEER_DEVICE": device,
                "PEER_WORKERS": str(workers),
                "PEER_THREADS": str(max(1, cpus // workers)),
                "PEER_BATCH": str(batch),
                "BENTOML_HOME": str(RESULTS / "bentoml"),
                "BENTOML_DO_NOT_TRACK": "True",
            },
            path=path,
            form_field=form_field,
            ready=ready,
        )

    workers = (1,) if device == "cuda" else (1, cpus)
    batch = 32 if device == "cuda" else 8
    litserve = ("LitServe", "benchmarks.peers.litserve_service", "/predict", "request", "/health")
    bento = ("BentoML", "benchmarks.peers.bentoml_service", "/segment", "image", "/readyz")
    plain = ("FastAPI", "benchmarks.peers.plain_fastapi", "/segment", "image", "/ready")
    return [
        [variant(*plain, workers=1, batch=1)],
        *([variant(*peer, workers=count, batch=batch) for count in workers] for peer in (litserve, bento)),
    ]
