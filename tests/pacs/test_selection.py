"""The selection of radiographs, by attributes from a search and from the file."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydicom import Dataset
from requests import PreparedRequest

from pacs.selection import Selection
from pacs.worker import End, Outcome
from tests.pacs.conftest import Lines, MakeWatcher, Watched
from tests.pacs.orthanc import Orthanc
from tests.pacs.radiographs import PATIENT, in_one_series, radiograph, read, written
from tests.pacs.stand_in import Answer, StandIn, Usual

Watch = Callable[..., Watched]

FETCH = r"/studies/[\d.]+/series/[\d.]+/instances/[\d.]+"


def blind(request: PreparedRequest, usual: Usual) -> Answer:
    """A PACS whose searches return UIDs only."""
    answer = usual()
    if answer.type == "application/dicom+json" and answer.body and request.method == "GET":
        kept = ("0020000D", "0020000E", "00080018")
        rows = [{tag: row[tag] for tag in kept} for row in json.loads(answer.body)]
        answer.body = json.dumps(rows).encode()
    return answer


def coded(value: str, meaning: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return [item]


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize("quirk", [None, blind], ids=["told by the search", "told by the file"])
@pytest.mark.parametrize(
    ("attributes", "left_out"),
    [
        ({}, None),
        ({"BodyPartExamined": "CHEST", "ViewPosition": "PA"}, None),
        ({"BodyPartExamined": "PORT CHEST", "ViewPosition": "AP SUPINE"}, None),
        ({"BodyPartExamined": "Thorax"}, None),
        ({"BodyPartExamined": "", "ViewPosition": ""}, None),
        ({"BodyPartExamined": "HAND"}, "body_part"),
        ({"BodyPartExamined": "TSPINE", "ViewPosition": "AP"}, "body_part"),
        ({"BodyPartExamined": "CHEST", "ViewPosition": "LL"}, "view"),
        ({"ViewPosition": "LATERAL"}, "view"),
        ({"BodyPartExamined": "CHEST", "ImageLaterality": "U"}, None),
        ({"BodyPartExamined": "CHEST", "ImageLaterality": "L"}, None),
        ({"AnatomicRegionSequence": coded("51185008", "Chest")}, None),
        ({"AnatomicRegionSequence": coded("85562004", "Hand")}, "body_part"),
        ({"ViewCodeSequence": coded("272479007", "postero-anterior")}, None),
        ({"ViewCodeSequence": coded("R-10206", "antero-posterior")}, None),
        ({"ViewCodeSequence": coded("399173006", "left lateral")}, "view"),
        ({"ViewCodeSequence": coded("399312000", "antero-posterior oblique")}, "view"),
    ],
    ids=lambda value: (
        ",".join(f"{k}={v}" for k, v in value.items())[:40] if isinstance(value, dict) else None
    ),
)
def test_frontal_chests_and_images_without_a_view_are_selected(
    quirk: Any,
    attributes: dict[str, Any],
    left_out: str | None,
    stand_in: StandIn,
    watch: Watch,
    lines: Lines,
) -> None:
    data = radiograph(**attributes)
    stand_in.files.append(data)
    stand_in.quirk = quirk or stand_in.quirk
    watcher = watch()
    for _ in range(2):
        watcher.once()
    assert watcher.ends == {End(Outcome.STORED) if left_out is None else End(Outcome.LEFT_OUT, left_out): 1}
    assert len(lines.about("left out")) == (left_out is not None)
    assert not [
        value for value in attributes.values() if value and str(value) in "".join(lines.about("left out"))
    ]


@pytest.mark.parametrize(
    ("take", "attributes", "taken"),
    [
        ({"modality": "DX"}, {"Modality": "CR"}, False),
        ({"modality": "rg, cr"}, {"Modality": "RG"}, True),
        ({"body_part": "*"}, {"BodyPartExamined": "HAND"}, True),
        ({"body_part": "chest"}, {"BodyPartExamined": "CHEST"}, True),
        ({"body_part": "CHEST"}, {"BodyPartExamined": "CHEST PA"}, False),
        ({"body_part": "CHEST"}, {}, False),
        ({"body_part": "EMPTY"}, {}, True),
        ({"view": "LL,RL"}, {"ViewPosition": "RL"}, True),
        ({"view": "LL,RL"}, {}, False),
        ({"laterality": "U,B,EMPTY"}, {"ImageLaterality": "L"}, False),
        ({"laterality": "U,B,EMPTY"}, {"Laterality": "R"}, False),
        ({"laterality": "U,B,EMPTY"}, {"Laterality": ""}, True),
        ({"description": "*bed*"}, {"SeriesDescription": "Thorax im Bett"}, False),
        ({"description": "*b?tt*"}, {"SeriesDescription": "Thorax im Bett"}, True),
        ({"description": "*bett*"}, {"SeriesDescription": "AP", "StudyDescription": "Bettaufnahme"}, True),
        ({"description": "[ab]*"}, {"SeriesDescription": "a"}, False),
        ({"description": "[ab]*"}, {"SeriesDescription": "[AB] thorax"}, True),
    ],
)
@pytest.mark.parametrize("quirk", [None, blind], ids=["told by the search", "told by the file"])
def test_each_filter(
    take: dict[str, str], attributes: dict[str, Any], taken: bool, quirk: Any, stand_in: StandIn, watch: Watch
) -> None:
    stand_in.files.append(radiograph(**attributes))
    stand_in.quirk = quirk or stand_in.quirk
    watcher = watch(take=take)
    watcher.once()
    (outcomes,) = [set(watcher.outcomes)]
    if taken:
        assert outcomes == {Outcome.STORED}
    else:
        assert not stand_in.sources_of_segmentations()


@pytest.mark.parametrize(
    ("ae", "taken"), [("BEDSIDE_1", True), ("BEDSIDE*", True), ("OTHER", False), ("*", True)]
)
def test_filter_matches_the_sending_application_entity(
    ae: str, taken: bool, stand_in: StandIn, watch: Watch
) -> None:
    dataset = read(radiograph())
    dataset.file_meta.SourceApplicationEntityTitle = "BEDSIDE_1"
    stand_in.files.append(written(dataset))
    watcher = watch(take={"ae": ae})
    watcher.once()
    assert watcher.ends == {End(Outcome.STORED) if taken else End(Outcome.LEFT_OUT, "ae"): 1}


def test_filter_matches_the_retrieve_application_entity(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.append(radiograph(RetrieveAETitle="ARCHIVE_2"))
    for ae, outcome in (("ARCHIVE_1", Outcome.LEFT_OUT), ("archive_2", Outcome.STORED)):
        watcher = watch(take={"ae": ae})
        watcher.once()
        assert watcher.outcomes == {outcome: 1}


def test_image_excluded_by_a_search_is_not_retrieved(stand_in: StandIn, watch: Watch) -> None:
    stand_in.files.extend([radiograph(BodyPartExamined="HAND"), radiograph(ViewPosition="LL")])
    watcher = watch()
    watcher.once()
    assert not stand_in.requests("GET", FETCH)
    assert watcher.outcomes == {Outcome.LEFT_OUT: 2}


def test_excluded_series_counts_all_its_instances_once(stand_in: StandIn, watch: Watch, lines: Lines) -> None:
    stand_in.files.extend(in_one_series(*[{"BodyPartExamined": "HAND"}] * 3))
    watcher = watch()
    for _ in range(3):
        watcher.once()
    assert watcher.ends == {End(Outcome.LEFT_OUT, "body_part"): 3}
    (line,) = lines.about("left out")
    assert line.endswith(f"series={read(stand_in.files[0]).SeriesInstanceUID} instances=3 reason=body_part")


def test_series_with_two_views_is_filtered_by_instance(stand_in: StandIn, watch: Watch) -> None:
    frontal, lateral = in_one_series({"ViewPosition": "PA"}, {"ViewPosition": "LL"})
    stand_in.files.extend([frontal, lateral])
    watcher = watch()
    watcher.once()
    assert stand_in.sources_of_segmentations() == [read(frontal).SOPInstanceUID]
    assert watcher.outcomes == {Outcome.STORED: 1, Outcome.LEFT_OUT: 1}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"modality": "*"}, "--modality takes codes without wildcards"),
        ({"modality": "CR,EMPTY"}, "--modality takes codes without wildcards"),
        ({"modality": "CR&limit=1"}, "--modality takes codes without wildcards"),
        ({"body_part": " , "}, "--body-part is empty"),
    ],
)
def test_invalid_filters_are_rejected(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("*", r"\*")):
        Selection.of(**given)


def test_real_archive_search_excludes_images(
    orthanc: Orthanc, make_watcher: MakeWatcher, lines: Lines
) -> None:
    chest = {"BodyPartExamined": "CHEST"}
    for files in (
        in_one_series(chest | {"ViewPosition": "PA"}, chest | {"ViewPosition": "LL"}),
        in_one_series({"BodyPartExamined": "HAND"}),
        in_one_series({}),
    ):
        for data in files:
            orthanc.upload(data)
    watcher = make_watcher()
    watcher.once()
    assert watcher.ends == {
        End(Outcome.STORED): 2,
        End(Outcome.LEFT_OUT, "view"): 1,
        End(Outcome.LEFT_OUT, "body_part"): 1,
    }
    assert len(watcher.faults.requests("GET", FETCH)) == 2
    assert len(orthanc.files("SEG")) == 2
    assert not [word for word in (*PATIENT, "HAND") if word in "".join(lines.lines)]


def test_each_round_with_new_instances_is_logged(stand_in: StandIn, watch: Watch, lines: Lines) -> None:
    stand_in.files.extend([radiograph(), radiograph(ViewPosition="LL"), radiograph(ViewPosition="RL")])
    watcher = watch()
    pauses = iter([False, False, True])
    watcher.stop.wait = lambda seconds: next(pauses)  # type: ignore[method-assign]
    watcher.watch(interval_s=30)
    (line,) = lines.about("round ended")
    assert line.endswith("round ended stored=1 left_out=2")
