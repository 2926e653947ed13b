"""Results of each form, read by the programs that people use."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import highdicom
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import ComputedRadiographyImageStorage
from requests.adapters import HTTPAdapter

from model.errors import UnsuitableImage
from model.quiet import quiet
from model.writing.dicom.forms import Form, write_form
from tests.app.waiting import wait_until

from .conftest import Watched
from .dimse.conftest import Door, StoreScp, store
from .orthanc import Orthanc, missing
from .radiographs import film, in_colour, read
from .segmenters import trusting

FORMS = (Form.SEG, Form.SC, Form.SC_OUTLINES, Form.GSPS, Form.SR)

MODALITIES = {"SEG": Form.SEG, "OT": Form.SC, "PR": Form.GSPS, "SR": Form.SR}
"""Modality of each form that is sent."""

SOURCES: dict[str, bytes] = {
    "dx": film(PixelSpacing=None),
    "dx with spacing": film(PixelSpacing=[0.2, 0.3]),
    "dx MONOCHROME1": film(PixelSpacing=None, PhotometricInterpretation="MONOCHROME1"),
    "dx MONOCHROME1 with spacing": film(PixelSpacing=[0.2, 0.2], PhotometricInterpretation="MONOCHROME1"),
    "cr": film(PixelSpacing=None, Modality="CR", SOPClassUID=ComputedRadiographyImageStorage),
    "colour": in_colour(film(PixelSpacing=None)),
}


class Case(NamedTuple):
    """A source and its results as files."""

    name: str
    source: Path
    results: dict[Form, Path]
    labels: NDArray[np.uint8]

    def paths(self, *forms: Form) -> Iterator[Path]:
        return (self.results[form] for form in forms or FORMS if form in self.results)


def by_dimse(source: Path, folder: Path) -> list[bytes]:
    """What a second AE gets after storescu has sent a film to the listener."""
    archive = StoreScp(folder / "archive")
    door = Door(folder / "queue", archive.peer)
    try:
        sent = store(door.port, source)
        assert sent.returncode == 0, sent.stdout + sent.stderr
        wait_until(lambda: len(archive.results()) == len(MODALITIES), within_s=120)
    finally:
        door.close()
        archive.kill()
    return [path.read_bytes() for path in archive.folder.iterdir()]


def by_dicomweb(source: Path, folder: Path) -> list[bytes]:
    """What Orthanc holds after the watcher has seen a film in it."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    orthanc = Orthanc(folder / "orthanc").start()
    try:
        orthanc.upload(source.read_bytes())
        watcher = Watched(orthanc.url, trusting(), HTTPAdapter(), forms=tuple(MODALITIES.values()))
        with watcher.session:
            watcher.once()
        return [data for modality in MODALITIES for data in orthanc.files(modality)]
    finally:
        orthanc.kill()


WAYS = {"sent by DIMSE": by_dimse, "in Orthanc by DICOMweb": by_dicomweb}


@pytest.fixture(scope="module", params=[*SOURCES, *WAYS])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder, segmenter = tmp_path_factory.mktemp("programs"), trusting()
    if request.param in WAYS:
        source = folder / "source.dcm"
        source.write_bytes(SOURCES["dx with spacing"])
        results = {}
        for data in WAYS[request.param](source, folder):
            form = MODALITIES[read(data).Modality]
            assert form not in results, f"{form} came twice"
            results[form] = folder / f"{form.value}.dcm"
            results[form].write_bytes(data)
        assert set(results) == set(MODALITIES.values())
        return Case(request.param, source, results, segmenter(source.read_bytes()).labels)
    source = folder / "source.dcm"
    source.write_bytes(SOURCES[request.param])
    segmentation = segmenter(source.read_bytes())
    results = {}
    for form in FORMS:
        try:
            written = write_form(segmentation, segmenter.metadata, form)
        except UnsuitableImage:
            assert (form, request.param) == (Form.GSPS, "colour")
            continue
        results[form] = folder / f"{form.value}.dcm"
        results[form].write_bytes(written)
    return Case(request.param, source, results, segmentation.labels)


def run(program: str | Path, *arguments: str | Path) -> str:
    """All that a program prints; skips the test where the program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt-get install dcmtk dicom3tools")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


def of_programs(name: str = "") -> Path:
    """A path in the folder that .ci/programs fills; skips the test where it is missing."""
    if "PLEURA_PROGRAMS" not in os.environ:
        pytest.skip("dcmqi and pydicom-seg are not here: run .ci/programs and set PLEURA_PROGRAMS")
    return Path(os.environ["PLEURA_PROGRAMS"]) / name


def run_installed(*command: str | Path) -> str:
    """The output of a program from that folder, with the packages that lie in it."""
    environment = {**os.environ, "PYTHONPATH": str(of_programs())}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=True, timeout=120, env=environment
    ).stdout


def test_dciodvfy_finds_no_error(case: Case) -> None:
    for path in case.paths():
        printed = run("dciodvfy", path)
        assert "Error" not in printed, f"{path.name}: {printed}"


def test_dcentvfy_finds_the_results_in_the_study_of_their_source(case: Case) -> None:
    printed = run("dcentvfy", case.source, *case.paths()).splitlines()
    # dicom3tools counts the accession number of an SR to the study, and that of an image to the series.
    assert [line for line in printed if "AccessionNumber" not in line] == []


def test_dsrdump_prints_the_areas(case: Case) -> None:
    spacing = dcmread(case.source).get("PixelSpacing")
    factor, unit = (1.0, "{pixels}") if spacing is None else (spacing[0] * spacing[1], "mm2")
    areas = re.findall(r'"Area"\)="([\d.]+)" \(([^,]+),', run("dsrdump", *case.paths(Form.SR)))
    expected = [(case.labels == label).sum() * factor for label in (1, 2)]
    assert [float(area) for area, _ in areas] == pytest.approx(expected, abs=0.01)
    assert {found for _, found in areas} == {unit}


def test_dcmtk_shows_the_film_through_the_presentation_state(case: Case, tmp_path: Path) -> None:
    for state in case.paths(Form.GSPS):
        assert "Test passed" in run("dcmpschk", state)
        printed = run("dcmp2pgm", "--pstate", state, case.source, tmp_path / "shown.pgm")
        picture = cv2.imread(str(tmp_path / "shown.pgm"), cv2.IMREAD_GRAYSCALE)
        assert picture is not None, printed
        # The lungs are dark in the film.
        assert picture[case.labels > 0].mean() < 60
        assert picture[:50].mean() > 150


def test_dcmtk_shows_the_secondary_capture(case: Case, tmp_path: Path) -> None:
    for capture in case.paths(Form.SC, Form.SC_OUTLINES):
        run("dcm2pnm", "--write-png", capture, tmp_path / "shown.png")
        picture = cv2.imread(str(tmp_path / "shown.png"), cv2.IMREAD_COLOR)
        assert picture is not None
        assert (picture[..., ::-1] == dcmread(capture).pixel_array).all()


def test_highdicom_reads_the_lungs(case: Case) -> None:
    with quiet():
        seg = highdicom.seg.segread(case.results[Form.SEG])
        (labels,) = seg.get_pixels_by_source_instance(
            [dcmread(case.source).SOPInstanceUID], combine_segments=True
        )
    assert (labels == case.labels).all()


def test_dcmqi_reads_the_lungs(case: Case, tmp_path: Path) -> None:
    run_installed(
        *(of_programs("bin/segimage2itkimage"), "--inputDICOM", case.results[Form.SEG]),
        *("--outputDirectory", tmp_path, "--prefix", "lung", "--outputType", "nrrd"),
    )
    for label in (1, 2):
        pixels, directions = read_nrrd(tmp_path / f"lung-{label}.nrrd")
        assert ((pixels > 0) == (case.labels == label)).all()
        row, column = dcmread(case.source).get("PixelSpacing") or (1, 1)
        assert directions == pytest.approx([column, 0, 0, 0, row, 0, 0, 0, 1])


def test_dcmqi_reads_the_measurements(case: Case, tmp_path: Path) -> None:
    run_installed(
        *(of_programs("bin/tid1500reader"), "--inputDICOM", case.results[Form.SR]),
        *("--outputMetadata", tmp_path / "read.json"),
    )
    groups = json.loads((tmp_path / "read.json").read_text())["Measurements"]
    lungs = {group["Finding"]["CodeMeaning"]: group for group in groups if "Finding" in group}
    assert set(lungs) == {"Right lung", "Left lung"}
    for label, name in enumerate(("Right lung", "Left lung"), start=1):
        items = {item["quantity"]["CodeMeaning"]: item for item in lungs[name]["measurementItems"]}
        rows, columns = np.nonzero(case.labels == label)
        row, column = dcmread(case.source).get("PixelSpacing") or (1, 1)
        assert {quantity: float(item["value"]) for quantity, item in items.items()} == {
            "Area": pytest.approx(len(rows) * row * column, abs=0.01),
            "Height": pytest.approx((np.ptp(rows) + 1) * row, abs=0.01),
            "Width": pytest.approx((np.ptp(columns) + 1) * column, abs=0.01),
        }


def test_pydicom_seg_reads_the_lungs(case: Case) -> None:
    script = (
        "import json, sys, pydicom, pydicom_seg\n"
        "read = pydicom_seg.SegmentReader().read(pydicom.dcmread(sys.argv[1]))\n"
        "found = {n: read.segment_data(n)[0].nonzero() for n in read.available_segments}\n"
        "print(json.dumps({n: [axis.tolist() for axis in axes] for n, axes in found.items()}))\n"
    )
    found = json.loads(run_installed("-W", "ignore", "-c", script, case.results[Form.SEG]))
    assert set(found) == {"1", "2"}
    for label, axes in found.items():
        lung = np.zeros(case.labels.shape, bool)
        lung[tuple(axes)] = True
        assert (lung == (case.labels == int(label))).all()


def read_nrrd(path: Path) -> tuple[NDArray[Any], list[float]]:
    """The only slice of an NRRD file, and its space directions."""
    head, _, body = path.read_bytes().partition(b"\n\n")
    fields = dict(re.findall(r"^([^:#]+): (.*)$", head.decode(), re.MULTILINE))
    kinds = {"unsigned char": np.uint8, "short": np.int16, "unsigned short": np.uint16}
    width, height, _ = map(int, fields["sizes"].split())
    if fields["encoding"] == "gzip":
        body = gzip.decompress(body)
    pixels = np.frombuffer(body, kinds[fields["type"]]).reshape(height, width)
    return pixels, [float(number) for number in re.findall(r"-?[\d.]+", fields["space directions"])]
