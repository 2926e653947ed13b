"""``make chaos``: kills, a full disk, slow clients, disconnections, overload.

python -m tests.reliability.chaos --times 10
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tests.reliability import scenarios


def main(
    times: Annotated[int, typer.Option(help="How often each kind of kill.")] = 10,
    connections: Annotated[int, typer.Option(help="Of slow clients.")] = 500,
    seconds: Annotated[float, typer.Option(help="Of overload.")] = 60.0,
    checkpoint: Annotated[
        Path | None, typer.Option(help="To serve; a stand-in for the network if not given.", exists=True)
    ] = None,
    only: Annotated[str, typer.Option(help="Name of the one scenario to run.")] = "",
) -> None:
    """Run the scenarios one after the other; exit code 1 if one fails."""
    plan: dict[str, Callable[[], str]] = {
        "overload": partial(scenarios.overload, checkpoint, seconds=seconds),
        "slow clients": partial(scenarios.slow_clients, checkpoint, connections=connections),
        "full disk": partial(scenarios.full_disk, checkpoint, uploads=5 * times),
        "kills": partial(scenarios.kills, checkpoint, times=times),
        "stops": partial(scenarios.stops, checkpoint, times=times),
        "reloads": partial(scenarios.reloads, checkpoint, times=times),
        "long outlines": partial(scenarios.long_outlines, times=times),
    }
    failed = 0
    for name, scenario in plan.items():
        if only not in ("", name):
            continue
        try:
            told = scenario()
        except AssertionError as error:
            failed += 1
            told = f"FAILED: {error}"
        typer.echo(f"{name}: {told}")
    raise typer.Exit(bool(failed))


if __name__ == "__main__":
    program = typer.Typer(pretty_exceptions_enable=False)
    program.command()(main)
    program()
