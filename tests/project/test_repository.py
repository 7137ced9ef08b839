"""The repository names no package registry, no path of a developer's machine and nothing beside itself."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


# Written in parts, so that this file does not hold what it looks for.
HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("files", "pythonhosted", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"),
    ("conda", "anaconda", "org"), ("repo", "anaconda", "com"), ("deb", "debian", "org"),
    ("proxy", "golang", "org"), ("crates", "io"),
)]  # fmt: skip
PLACES = [f"/{name}/" for name in ("work", "root", "home", "farm", "Users")]
BESIDE = "../" + "shared"
FORBIDDEN = re.compile(
    "|".join(
        [
            *(rf"(?<![\w-]){re.escape(host)}" for host in HOSTS),
            *(rf"(?<![\w.$}}~*-]){re.escape(place)}" for place in PLACES),
            re.escape(BESIDE),
        ]
    )
)


def hits(text: str) -> list[str]:
    return [match.group() for match in FORBIDDEN.finditer(text)]


def test_no_registry_host_machine_path_or_neighbour_is_named():
    found = []
    for file in tracked():
        if file.suffix in {".gz", ".png", ".parquet"}:
            continue
        for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            found += [f"{file.relative_to(ROOT)}:{number} names {hit}" for hit in hits(line)]
    assert found == []


def test_percentages_are_written_with_a_space():
    """``63 %``: by `units.format_fraction` and its like, never by Python's own percent format."""
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in sorted((ROOT / "novamodel").rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r":[,+]?\.\d+%\}", line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", [f"see {PLACES[0]}main", f"'{PLACES[1]}x'", f"open('{BESIDE}/a')", f"//{HOSTS[0]}/simple"]
)
def test_a_forbidden_name_is_found(text: str):
    assert hits(text) != []


@pytest.mark.parametrize("text", ["novamodel/workload/", "src/home/page", "./work/x", "a network/root/cause"])
def test_an_innocent_name_is_left_alone(text: str):
    assert hits(text) == []


def test_nothing_generated_is_tracked():
    generated = re.compile(r"(^|/)(__pycache__|\.venv|reports|dist|build|\.ipynb_checkpoints)/|\.pyc$")
    names = [file.relative_to(ROOT).as_posix() for file in tracked()]
    assert names
    assert [name for name in names if generated.search(name)] == []


@pytest.mark.parametrize(
    "file",
    ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "Makefile", ".ci/run",
     "environment.yml", "pyproject.toml", "requirements.lock"],
)  # fmt: skip
def test_the_project_has_its_usual_files(file: str):
    assert (ROOT / file).stat().st_size > 0


def test_every_module_is_short():
    long = {}
    for file in tracked():
        if file.suffix == ".py" and file.is_relative_to(ROOT / "novamodel"):
            lines = file.read_text(encoding="utf-8").count("\n")
            if lines > 350:
                long[file.relative_to(ROOT).as_posix()] = lines
    assert long == {}


def test_citation_has_the_version_of_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    package = (ROOT / "novamodel" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "([^"]+)"', package)
    assert version
    assert f"\nversion: {version.group(1)}\n" in text
