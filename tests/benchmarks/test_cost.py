import json
import re
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import cost
from benchmarks.cost import costs
from benchmarks.images import RESULTS
from benchmarks.png import idat, times
from benchmarks.report import Report
from tests.benchmarks.printed import printed_rows

ARCHIVES = Path(__file__).parents[2] / "docs" / "how-to" / "archives.md"


def test_hours_and_price_follow_from_the_rate() -> None:
    report = Report(machine={"processor": "X", "cpus": 4, "began": "2026-01-02T00:00:00Z"})
    report.closed = [
        {"system": "Pleura", "picture": "512-png8", "concurrency": 8, "round": number, "rate": rate}
        for number, rate in enumerate((90.0, 100.0, 120.0))
    ]
    gpu: dict[str, Any] = {"card": "Y", "points": [{"rate": 1000.0}, {"rate": 2000.0}]}
    cpu, card = costs(report, gpu, vcpu_hour=0.05, gpu_hour=3.6)
    assert cpu.hours == pytest.approx(1_000_000 / 100 * 4 / 3600)
    assert cpu.price == pytest.approx(cpu.hours * 0.05)
    assert cpu.machine == "X, 4 processors, 2026-01-02"
    assert card.price == pytest.approx(0.5)
    assert card.machine == "Y", "results of before the machine was written"
    gpu["machine"] = {"began": "2026-01-03T00:00:00Z"}
    assert costs(report, gpu, vcpu_hour=0.05, gpu_hour=3.6)[1].machine == "Y, 2026-01-03"
    assert len(costs(report, None, vcpu_hour=1, gpu_hour=None)) == 1


def test_results_of_a_gpu_are_not_taken_for_those_of_a_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bench-cuda.json"
    Report(machine={"device": "cuda"}).write(path)
    monkeypatch.setattr(sys, "argv", ["cost", "--results", str(path)])
    with pytest.raises(SystemExit):
        cost.main()
    assert "bench-cuda.json was measured on a GPU" in capsys.readouterr().err


def test_the_documented_costs_are_those_of_the_committed_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = printed_rows(cost.main, monkeypatch, capsys)
    assert len(rows) > 5
    document = ARCHIVES.read_text()
    assert all(row in document for row in rows)


def test_committed_results_are_those_of_the_documented_tables() -> None:
    document = (ARCHIVES.parents[1] / "explanation" / "speed.md").read_text()
    report = Report.read(RESULTS / "bench.json")
    for point in report.closed:
        row = re.search(
            rf"^\| {re.escape(point['system'])} \| {point['picture']} \|.*$", document, re.MULTILINE
        )
        assert row, point
        assert report.rate(point["system"], point["picture"], 8) is not None
        assert f" {report.throughput(point['system'], point['picture'], 8)} |" in row[0]


def test_inflated_chunks_are_the_rows_of_the_image() -> None:
    import zlib

    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    assert len(zlib.decompress(idat(data))) == 8 * (1 + 8)
    assert set(times(64, 16, rounds=1)) == {"inflate", "kornia-rs", "OpenCV"}
    assert json.dumps(times(64, 8, rounds=1))
