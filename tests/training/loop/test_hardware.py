import pytest
import torch

from training.loop import hardware
from training.loop.hardware import prepare_device


@pytest.mark.parametrize(("cpus", "workers"), [(1, 0), (8, 7), (100, 16)])
def test_workers_default_to_the_processors_on_cuda(
    monkeypatch: pytest.MonkeyPatch, cpus: int, workers: int
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(hardware, "available_cpus", lambda: cpus)
    assert prepare_device("auto", mixed_precision=None).workers == workers
    assert prepare_device("auto", mixed_precision=None, workers=3).workers == 3
    assert prepare_device("cpu", mixed_precision=None).workers == 0
