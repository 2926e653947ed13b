"""Folders and object stores, by their address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import PleuraError, UnreadableImage

pytest.importorskip("pyarrow", reason="Pleura's extra ray is not installed")

import pyarrow as pa
from pyarrow import fs

from bulk.loop import ArchiveError
from bulk.ray import tables
from bulk.ray.storage import Location, in_unicode


@pytest.fixture(scope="module")
def store(monkeypatch_module: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket, but for what follows ``s3://bucket``."""
    server = pytest.importorskip("moto.server", reason="moto, which stands in for S3, is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch_module.setenv(name, "test")
    # Nobody is asked for credentials.
    monkeypatch_module.setenv("AWS_EC2_METADATA_DISABLED", "true")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    options = f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1&allow_bucket_creation=true"
    files, _ = fs.FileSystem.from_uri(f"s3://bucket{options}")
    files.create_dir("bucket")
    yield options
    running.stop()


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(params=["folder", "s3"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Location, Location]:
    """Where images lie, and where results go: inside it."""
    if request.param == "folder":
        return Location(str(tmp_path)), Location(str(tmp_path / "out"))
    options = request.getfixturevalue("store")
    top = f"s3://bucket/{tmp_path.name}"
    return Location(f"{top}{options}"), Location(f"{top}/out{options}")


def test_images_are_listed_without_results(
    places: tuple[Location, Location],
) -> None:
    source, out = places
    for name in ("a.png", "b/c/d.DCM", "notes.txt", ".hidden/e.png", "b/.f.png"):
        source.write(name, name.encode())
    out.write("images/picture.png", b"x")
    names, others = source.images(out=out)
    assert (sorted(names), others) == (["a.png", "b/c/d.DCM"], 1)
    assert source.read("b/c/d.DCM") == b"b/c/d.DCM"


def test_missing_file_is_reported(places: tuple[Location, Location]) -> None:
    with pytest.raises(UnreadableImage, match="cannot be opened"):
        places[0].read("missing.png")


def test_rows_of_a_table_are_read_back(places: tuple[Location, Location]) -> None:
    _, out = places
    assert out.paths_in("errors") == []
    for name, paths in (("one", ["a", "b"]), ("two", ["b"])):
        rows = [{"path": path, "reason": "why"} for path in paths]
        out.write_table(f"errors/{name}.parquet", pa.Table.from_pylist(rows, tables.ERRORS))
    assert sorted(out.paths_in("errors")) == ["a", "b", "b"]
    out.write_table("errors/one.parquet", tables.ERRORS.empty_table())
    assert out.paths_in("errors") == ["b"]
    out.forget("errors")
    assert out.paths_in("errors") == []
    out.forget("errors")


def test_damaged_table_is_reported(places: tuple[Location, Location]) -> None:
    _, out = places
    out.write("images/damaged.parquet", b"PAR1")
    with pytest.raises(ArchiveError, match=r"damaged\.parquet cannot be read .*: remove it"):
        out.paths_in("images")


def test_results_of_other_settings_are_rejected(places: tuple[Location, Location]) -> None:
    _, out = places
    out.check_record({"input": "a", "checkpoint": "1"})
    out.check_record({"input": "a", "checkpoint": "1"})
    with pytest.raises(PleuraError, match="another checkpoint: use another folder"):
        out.check_record({"input": "a", "checkpoint": "2"})


def test_invalid_address_is_rejected_without_its_key() -> None:
    with pytest.raises(PleuraError, match=r"An address of nothing:// cannot be opened") as error:
        Location("nothing://user:secret@host/x").open()
    assert "secret" not in str(error.value)


def test_missing_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(PleuraError, match="is not a folder"):
        Location(str(tmp_path / "missing")).images(out=Location(str(tmp_path)))


def test_unwritable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="cannot be written"):
        Location(str(tmp_path / "file")).write("x", b"")


def test_names_that_are_not_unicode_are_split_off() -> None:
    assert in_unicode(["a", "é", "\udcff.png"]) == (["a", "é"], ["\\xff.png"])
