"""Makes weights from free data, step by step; finished steps are not repeated.

    python -m training.pipeline --data DATA --encoder-weights FILE --out runs/free [--scale 0.2] [--jobs 2]

``--data`` holds the sets of the model card's lineage table by name. Teachers are trained on the masks
of Montgomery and wingspan alone and draw masks for the images that are free but have none. Students are
trained on both, and the students of one round are the teachers of the next. No step reads a mask under
other terms; those are used by ``pleura evaluate`` at the end. ``--everything`` trains one more network
on all masks. It is not free, and shows what that restriction costs.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .plan import Pipeline
from .steps import run_chain


def main() -> None:
    """Run the module; see its docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.pipeline", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder-weights", required=True, help="a file, imagenet or none")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the images each network sees")
    parser.add_argument("--jobs", type=int, default=1, help="independent steps that run at the same time")
    parser.add_argument("--train-option", action="append", default=[], help="passed to pleura train as it is")
    parser.add_argument("--everything", action="store_true", help="train the network that is not free too")
    arguments = parser.parse_args()
    pipeline = Pipeline(
        data=arguments.data,
        out=arguments.out,
        encoder_weights=arguments.encoder_weights,
        scale=arguments.scale,
        options=arguments.train_option,
        everything=arguments.everything,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    for stage in pipeline.stages():
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(lambda chain: run_chain(chain, arguments.out), stage))


if __name__ == "__main__":
    main()
