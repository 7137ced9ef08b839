"""The gallery lists every notebook with its question and a thumbnail of its own figure."""

import re
import struct
from pathlib import Path

import pytest

from tools.gallery import (
    FOLDER,
    HEIGHT,
    MIMETYPE,
    README,
    SCALE,
    THUMBNAILS,
    WIDTH,
    first_figure,
    notebooks,
    question,
    readme,
)
from tools.notebooks import is_explorer

MOST_BYTES = 300_000
HOW = "make gallery writes notebooks/README.md and the thumbnails"


def thumbnails() -> dict[str, Path]:
    return {file.stem: file for file in (FOLDER / THUMBNAILS).iterdir()}


def test_the_page_is_what_the_notebooks_say():
    page = (FOLDER / README).read_text(encoding="utf-8")
    assert page == readme(), HOW
    places = [*re.findall(r"\]\(([^)]+)\)", page), *re.findall(r'(?:src|href)="([^"]+)"', page)]
    assert len(places) == 3 * len(notebooks())
    for place in places:
        assert (FOLDER / place).is_file(), f"{place}: {HOW}"


def test_every_notebook_has_its_thumbnail_and_no_other():
    assert set(thumbnails()) == {file.stem for file in notebooks()}, HOW
    assert sum(file.stat().st_size for file in thumbnails().values()) < MOST_BYTES


@pytest.mark.parametrize("file", notebooks(), ids=lambda file: file.stem)
def test_thumbnail_is_a_picture_with_something_on_it(file: Path):
    data = thumbnails()[file.stem].read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (WIDTH * SCALE, HEIGHT * SCALE)
    assert len(data) > 2_000  # an empty white page of that size has some 500 bytes


@pytest.mark.parametrize("file", [f for f in notebooks() if not is_explorer(f)], ids=lambda file: file.stem)
def test_first_figure_is_one_that_the_notebook_holds(file: Path):
    assert MIMETYPE in file.read_text(encoding="utf-8")
    assert first_figure(file)["data"]


def test_questions_are_questions():
    for file in notebooks():
        title, sentence = question(file)
        assert "?" in title
        assert sentence.endswith((".", "?"))
