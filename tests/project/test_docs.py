"""The documentation says what is so: its examples run, its commands exist, every component and limit has its page."""

from __future__ import annotations

import doctest
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import novamodel as nm
from novamodel.scenario.not_modelled import NOT_MODELLED
from novamodel.verify.registry import RECORDS
from tools import tutorial
from tools.gallery import MIMETYPE, notebooks
from tools.site import BLOCK, MADE, accuracy, commands, limits, made
from tools.site.notebooks import as_page
from tools.site.offline import loaded
from tools.site.rules import markdown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
MODEL = sorted((DOCS / "model").glob("*.md"))
TEXTS = [*PAGES, ROOT / "README.md"]
PYTHON = re.compile(r"^```(?:python|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```(?:\{made\} said|text|yaml|console)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def lines_of(pages: list[Path], kind: str) -> set[str]:
    """The lines of all blocks of a kind."""
    blocks = (block for page in pages for block in BLOCK.findall(page.read_text(encoding="utf-8")))
    return {line for found, text in blocks if found == kind for line in text.splitlines()}


@pytest.mark.parametrize("page", [p for p in TEXTS if ">>> " in p.read_text(encoding="utf-8")], ids=name)
def test_examples_give_what_they_show(page: Path):
    code = "\n".join(PYTHON.findall(page.read_text(encoding="utf-8")))
    example = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), 0)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    told: list[str] = []
    failed, tried = doctest.DocTestRunner(optionflags=options).run(example, out=told.append)
    assert tried
    assert not failed, "".join(told)


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_public_names_that_a_page_uses_are_there(page: Path):
    for path in set(re.findall(r"\bnm((?:\.[a-z_A-Z]+)+)", page.read_text(encoding="utf-8"))):
        found: Any = nm
        for word in path.split(".")[1:]:
            assert hasattr(found, word), f"nm{path}"
            found = getattr(found, word)


def options_of(words: list[str]) -> tuple[set[str], set[str]]:
    """Options that a command line uses, and those that its command has."""
    known = dict(commands.walk(commands.command, "novamodel"))
    path = "novamodel"
    for word in words:
        if f"{path} {word}" in known:
            path = f"{path} {word}"
    below = [command for name, command in known.items() if name == path or name.startswith(f"{path} ")]
    has = {name for command in below for one in command.params for name in [*one.opts, *one.secondary_opts]}
    root = {"--help", "-h", "--debug", *(name for one in known["novamodel"].params for name in one.opts)}
    return {word.partition("=")[0] for word in words if word.startswith("-")}, has | root


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_commands_that_a_page_shows_exist_with_their_options(page: Path):
    known = {path.split()[1] for path, _ in commands.walk(commands.command, "novamodel") if " " in path}
    for block in FENCED.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            said = re.match(r"^(?:- run: |\.venv/bin/|\$ )?novamodel (.*)$", line.strip())
            if said:
                words = shlex.split(said[1].partition("   ")[0].partition(" #")[0].partition(" | ")[0])
                if words and not words[0].startswith("-"):
                    assert words[0] in known, f"{page.name}: {line}"
                used, has = options_of(words)
                assert used <= has, f"{page.name}: {line}"


def test_every_component_has_its_page():
    shown = lines_of(MODEL, "rules")
    folders = {file.parent.name for file in (ROOT / "novamodel" / "components").glob("*/__init__.py")}
    assert {path.split(".")[1] for path in shown if path.startswith("components.")} >= folders


def test_every_file_of_recorded_cases_is_counted_on_a_page():
    assert lines_of(MODEL, "accuracy") >= set(RECORDS) - {"queueing"}  # closed forms are no component
    assert lines_of(MODEL, "stack") == {case.name.partition("-")[0] for case in accuracy.stack_cases()}


def test_every_limit_is_named_on_a_page_of_the_model():
    said = lines_of(MODEL, "limits")
    missing = {f"{limits.MISSING}{key}" for key in NOT_MODELLED}
    assert said >= missing
    assert said >= set(limits.simplified())


@pytest.mark.parametrize("page", MODEL, ids=name)
def test_a_page_of_the_model_has_rule_accuracy_and_limits_from_data(page: Path):
    kinds = {kind for kind, _ in BLOCK.findall(page.read_text(encoding="utf-8"))}
    assert kinds <= set(MADE)
    if page.name != "index.md":
        assert {"rules", "tests", "limits", "keys"} <= kinds


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_that_need_no_replay_can_be_made(page: Path):
    text = re.sub(
        r"^```\{made\} accuracy(?:-of-all)?\n(.*?)^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S
    )
    assert "{made}" not in made(text, page.stem)


def test_an_unknown_block_part_or_command_is_refused():
    with pytest.raises(KeyError):
        made("```{made} nonsense\n```", "page")
    with pytest.raises(KeyError):
        limits.of_parts(["Nonsense"])
    with pytest.raises(ValueError, match="make tutorial"):
        made("```{made} said\nnovamodel nonsense\n```", "page")


def test_what_is_simplified_is_said_and_what_is_not_is_not():
    assert limits.simplified()["Tls"] in limits.of_parts(["Tls"])
    assert "no part of it as simplified" in limits.of_parts(["Pool"])


@pytest.mark.parametrize("file", notebooks(), ids=lambda file: file.stem)
def test_a_notebook_becomes_a_page_with_its_figures(file: Path):
    before = json.loads(file.read_text(encoding="utf-8"))
    figures = json.dumps(before).count(f'"{MIMETYPE}"')
    after = json.dumps(as_page(before))
    assert after.count("novamodel-figure-data") == figures
    assert MIMETYPE not in after


def test_a_docstring_is_shown_as_it_is_meant():
    assert markdown("``a_b`` is 2 * c_d <e> [f]") == "`a_b` is 2 \\* c\\_d &lt;e> \\[f]"
    assert markdown("* one `x`\n* two") == "* one `x`\n* two"


@pytest.mark.parametrize("page", tutorial.pages(), ids=name)
def test_commands_print_what_the_page_shows(page: Path):
    found = tutorial.said(page)
    kept = {file: file.read_text(encoding="utf-8") for file in found}
    assert {f.name: text for f, text in found.items()} == {f.name: text for f, text in kept.items()}, "make tutorial"


def test_no_page_keeps_the_output_of_a_command_that_it_does_not_show():
    shown = {command.file for page in tutorial.pages() for command in tutorial.commands(page)}
    assert set(tutorial.SAID.glob("*.txt")) == shown


def pieces(text: str) -> list[tuple[str, str]]:
    """File and added lines of each piece of the diffs in a text."""
    found, file = [], ""
    for block in re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^@@\n", block, flags=re.MULTILINE):
            if part.startswith("+++ b/"):
                file = part.removeprefix("+++ b/").strip()
            elif part:
                found.append((file, re.sub(r"^\+", "", part, flags=re.MULTILINE)))
    return found


def test_the_worked_diff_of_a_component_is_what_the_tree_has():
    shown = pieces((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    rooms = {"/".join(file.split("/")[:2]) for file, _ in shown}
    assert rooms >= {"novamodel/components", "novamodel/scenario", "novamodel/simulation", "tests/unit"}
    for file, piece in shown:
        assert piece in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no longer:\n{piece}"
    assert len(shown) >= 8


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/plotly.js"></script>', "<img src='//example/x.png'>",
        '<link rel="stylesheet" href="https://example/font.css">', "@import url(https://example/a.css);",
        "div { background: url('http://example/x.png') }",
    ],
)  # fmt: skip
def test_what_would_be_loaded_from_elsewhere_is_found(text: str):
    assert loaded(text)


@pytest.mark.parametrize(
    "text", ['<a href="https://example/">there</a>', '<script src="_static/x.js">', '<link rel="canonical" href="https://a/">']
)  # fmt: skip
def test_links_and_what_lies_beside_a_page_are_left_alone(text: str):
    assert not loaded(text)


def test_a_notebooks_link_into_the_documentation_is_right_from_its_page():
    cell = {"cell_type": "markdown", "source": ["see [it](../docs/accuracy.md)", " and [that](04_edge.ipynb)"]}
    (made_cell,) = as_page({"cells": [cell]})["cells"]
    assert made_cell["source"] == "see [it](../accuracy.md) and [that](04_edge.ipynb)"
