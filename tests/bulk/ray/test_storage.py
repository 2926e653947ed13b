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
from bulk.ray.storage import Place, in_unicode


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
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Place]:
    """Where images lie, and where results go: inside it."""
    if request.param == "folder":
        return Place(str(tmp_path)), Place(str(tmp_path / "out"))
    options = request.getfixturevalue("store")
    top = f"s3://bucket/{tmp_path.name}"
    return Place(f"{top}{options}"), Place(f"{top}/out{options}")


def test_images_are_found_below_and_results_are_not_taken_for_images(places: tuple[Place, Place]) -> None:
    source, out = places
    for name in ("a.png", "b/c/d.DCM", "notes.txt", ".hidden/e.png", "b/.f.png"):
        source.write(name, name.encode())
    out.write("images/picture.png", b"x")
    names, others = source.images(out=out)
    assert (sorted(names), others) == (["a.png", "b/c/d.DCM"], 1)
    assert source.read("b/c/d.DCM") == b"b/c/d.DCM"


def test_a_file_that_is_not_there(places: tuple[Place, Place]) -> None:
    with pytest.raises(UnreadableImage, match="cannot be opened"):
        places[0].read("missing.png")


def test_a_table_s_rows_are_found_again(places: tuple[Place, Place]) -> None:
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


def test_a_damaged_table_is_named(places: tuple[Place, Place]) -> None:
    _, out = places
    out.write("images/damaged.parquet", b"PAR1")
    with pytest.raises(ArchiveError, match=r"damaged\.parquet cannot be read .*: remove it"):
        out.paths_in("images")


def test_results_of_something_else_are_not_mixed(places: tuple[Place, Place]) -> None:
    _, out = places
    out.check_record({"input": "a", "checkpoint": "1"})
    out.check_record({"input": "a", "checkpoint": "1"})
    with pytest.raises(PleuraError, match="another checkpoint: name another one"):
        out.check_record({"input": "a", "checkpoint": "2"})


def test_an_address_that_is_none() -> None:
    with pytest.raises(PleuraError, match=r"An address of nothing:// cannot be opened") as error:
        Place("nothing://user:secret@host/x").open()
    assert "secret" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PleuraError, match="is no folder"):
        Place(str(tmp_path / "missing")).images(out=Place(str(tmp_path)))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="cannot be written"):
        Place(str(tmp_path / "file")).write("x", b"")


def test_names_that_no_table_holds() -> None:
    assert in_unicode(["a", "é", "\udcff.png"]) == (["a", "é"], ["\\xff.png"])
