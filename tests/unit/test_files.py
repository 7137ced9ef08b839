"""Files and folders appear whole or not at all, and their new parents with them."""

from pathlib import Path

import pytest

from novamodel.errors import UserError
from novamodel.files import must_be_writable, new_folder, parents_of, write_whole


def fail_inside(path: Path, leave: Path | None = None) -> None:
    with parents_of(path):
        assert path.parent.is_dir()
        if leave is not None:
            leave.write_text("somebody else's")
        raise KeyboardInterrupt


def test_new_parents_go_where_the_work_fails(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fail_inside(tmp_path / "old" / "new" / "newer" / "file")
    assert [file.name for file in tmp_path.rglob("*")] == ["old"]


def test_a_parent_that_somebody_uses_stays(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_inside(tmp_path / "new" / "newer" / "file", tmp_path / "new" / "other")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["new", "other"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "a" / "b") as staging:
        (staging / "one").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["one"]
    with pytest.raises(UserError, match="exists already"), new_folder(tmp_path / "a" / "b"):
        pytest.fail("entered")


def test_a_file_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be written"):
        write_whole(tmp_path / "file" / "deeper" / "x", "text")


def test_a_place_is_tried_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    must_be_writable(tmp_path / "file")
    must_be_writable(tmp_path / "new" / "newer" / "x")
    for place, says in (
        (tmp_path / "file" / "x", "cannot be written"),
        (tmp_path, "is a folder"),
        (Path("/dev/null"), "is no file"),
    ):
        with pytest.raises(UserError, match=says):
            must_be_writable(place)
        with pytest.raises(UserError, match=says):
            write_whole(place, "text")
    assert [file.name for file in tmp_path.rglob("*")] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"
