"""Walks the imports of the package and holds the rules between its rooms.

A room is a folder or a module directly under `novamodel/`, or one inside a hall: each workflow is a room of its own.
Data flows one way; no room and no file imports in a circle; library code reads no clock, environment, network or
current directory and keeps no random generator.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "novamodel"
ROOT_ROOM = "novamodel"  # the package's own __init__: the front door of all rooms
GROUND = {"errors", "resources", "showing"}  # may be used from anywhere
HALLS = {"workflows"}  # folders whose parts are rooms: a workflow may stand on another, not both on each other

# Room -> the only rooms of ours that it may import, beside GROUND. Other rooms are bound by FORBIDDEN.
ALLOWED = {
    "errors": set(),
    "resources": set(),
    "showing": set(),
    "units": set(),
    "scenario": {"units", "yamlfile"},
    "components": {"units"},
    "figures": {"units"},
    "audit": {"cost", "importers", "scenario", "units", "yamlfile"},
    "recording": set(),
    "verify": {"components", "analytic", "cost", "recovery", "scenario", "simulation", "units"},
}
# Room or hall -> the only rooms and halls that may import it.
ONLY_FOR = {
    "recording": {"cli"},
    "verify": {"cli", "questions"},
    "workflows": {ROOT_ROOM, "batch", "cli", "questions", "workflows"},
}
# Room -> what it must never import, ours or not.
FORBIDDEN = {
    "simulation": {"cost", "sizing", "figures", "report", "cli", "importers"},
    "workload": {"simulation", "cost", "sizing", "figures", "report", "cli", "importers"},
    "cost": {"simulation", "sizing", "figures", "report", "cli", "simpy"},
    "sizing": {"figures", "report", "cli", "questions"},
    "questions": {"figures", "report", "cli", "simpy"},
    "importers": {"audit", "simulation", "cost", "sizing", "figures", "report", "cli"},
    "report": {"cli"},
    "components": {"simpy"},
    "scenario": {"simpy"},
}
# Rooms that may import only these libraries beside the standard one.
LIBRARIES = {"figures": {"pandas", "plotly"}}
# Rooms that go through the front doors of other rooms (`novamodel.room`), never deeper.
FRONT_DOOR_ONLY = {"cli", "questions", "sizing"}

# Modules that read a clock, chance or the network; calls that read a clock, the environment or the folder.
FORBIDDEN_MODULES = {"secrets", "socket", "urllib.request", "http", "requests", "httpx", "time"}
FORBIDDEN_CALLS = {
    "os.environ", "os.getenv", "os.getcwd", "os.chdir", "os.urandom", "Path.cwd", "Path.home",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.date.today", "uuid.uuid4", "uuid.uuid1", "uuid4",
}  # fmt: skip
# Generators of one's own, with a seed: fine inside a function, not at module level.
GENERATORS = {"Random", "default_rng", "Generator", "Philox", "PCG64", "SeedSequence"}
# The rooms at the edge, which talk to a user's terminal, file system and kernel, or to programs on loopback.
EDGE = {"cli", "recording", "report"}


class Found(NamedTuple):
    """One import: in which room and file, of which dotted name."""

    room: str
    file: str
    line: int
    module: str


def files(package: Path = PACKAGE) -> list[Path]:
    return sorted(package.rglob("*.py"))


def room_of(file: Path, package: Path = PACKAGE) -> str:
    names = [part.removesuffix(".py") for part in file.relative_to(package).parts]
    if names[0] in HALLS and names[1] != "__init__":
        return f"{names[0]}.{names[1]}"
    return ROOT_ROOM if names[0] == "__init__" else names[0]


def hall_of(room: str) -> str:
    """The hall that a room stands in; the room itself where it stands in none."""
    return room.partition(".")[0]


def imports(file: Path, package: Path = PACKAGE) -> Iterator[Found]:
    """Every import in a file as absolute dotted names, those inside functions too."""
    here = [ROOT_ROOM, *file.relative_to(package).with_suffix("").parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*here[: len(here) - node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Found(room_of(file, package), str(file.relative_to(package)), node.lineno, name)


def our_room(module: str, package: Path = PACKAGE) -> str | None:
    """The room that a dotted name belongs to; None where it is not ours."""
    parts = module.split(".")
    if parts[0] != ROOT_ROOM:
        return None
    if len(parts) > 2 and parts[1] in HALLS and is_ours(package / parts[1] / parts[2]):
        return f"{parts[1]}.{parts[2]}"
    if len(parts) > 1 and is_ours(package / parts[1]):
        return parts[1]
    return ROOT_ROOM


def is_ours(place: Path) -> bool:
    """Whether a path without ending is a folder or a module of ours."""
    return place.is_dir() or place.with_suffix(".py").is_file()


def too_deep(module: str, package: Path = PACKAGE) -> bool:
    """Whether the import goes past a room's front door: to a module inside a room that is a folder."""
    parts, room = module.split(".")[1:], package
    if parts and parts[0] in HALLS:
        parts, room = parts[1:], package / parts[0]
    if len(parts) < 2 or not (room / parts[0]).is_dir():
        return False
    return is_ours(room / parts[0] / parts[1])


def broken_rules(package: Path = PACKAGE) -> list[str]:
    """Each import that breaks a rule, as one readable line."""
    broken = []
    for file in files(package):
        for found in imports(file, package):
            room, ours = found.room, our_room(found.module, package)
            library = found.module.partition(".")[0]
            reason = ""
            if ours == room:
                continue
            if ours is None:
                if library in FORBIDDEN.get(room, set()):
                    reason = f"{room} must not use {library}"
                elif room in LIBRARIES and not allowed_library(room, library):
                    reason = f"{room} may use only {sorted(LIBRARIES[room])}"
            elif ours == ROOT_ROOM and room not in {"cli", "report"}:
                reason = "only cli and report may import the package's front door"
            elif ours in GROUND:
                continue
            elif room in ALLOWED and ours not in ALLOWED[room]:
                reason = f"{room} may import only {sorted(ALLOWED[room] | GROUND)}"
            elif ours in FORBIDDEN.get(room, set()):
                reason = f"{room} must not import {ours}"
            elif hall_of(room) not in ONLY_FOR.get(hall_of(ours), {hall_of(room)}):
                reason = f"only {sorted(ONLY_FOR[hall_of(ours)])} may import {ours}"
            elif room in FRONT_DOOR_ONLY and too_deep(found.module, package):
                reason = f"{room} goes through front doors only"
            if reason:
                broken.append(f"{found.file}:{found.line} imports {found.module}: {reason}")
    return broken


def allowed_library(room: str, library: str) -> bool:
    return library in LIBRARIES[room] or library in sys.stdlib_module_names


def room_graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for file in files(package):
        for found in imports(file, package):
            ours = our_room(found.module, package)
            graph.setdefault(found.room, set())
            if ours is not None and ours != found.room:
                graph[found.room].add(ours)
    return graph


def file_of(module: str, package: Path = PACKAGE) -> str | None:
    """The file that a dotted name stands in (a folder's name means its front door); None where it is not ours."""
    parts = module.split(".")
    while parts and parts[0] == ROOT_ROOM:
        place = package.joinpath(*parts[1:])
        for file in (place / "__init__.py", place.with_suffix(".py") if parts[1:] else package / "__init__.py"):
            if file.is_file():
                return str(file.relative_to(package))
        parts.pop()
    return None


def file_graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    """File -> the files it imports, those for type checkers too."""
    graph: dict[str, set[str]] = {}
    for file in files(package):
        graph.setdefault(str(file.relative_to(package)), set())
        for found in imports(file, package):
            other = file_of(found.module, package)
            if other is not None and other != found.file:
                graph[found.file].add(other)
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle as the list of its rooms, the first repeated at the end; empty where there is none."""
    done: set[str] = set()

    def walk(room: str, trail: list[str]) -> list[str]:
        if room in trail:
            return [*trail[trail.index(room) :], room]
        if room in done:
            return []
        for other in sorted(graph.get(room, ())):
            if loop := walk(other, [*trail, room]):
                return loop
        done.add(room)
        return []

    for start in sorted(graph):
        if loop := walk(start, []):
            return loop
    return []


def impurities(tree: ast.Module) -> list[str]:
    """What a module reads from outside: a clock, shared chance, the environment, the network, its folder."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in FORBIDDEN_CALLS or shared_chance(name):
                found.append(f"line {node.lineno}: {name}")
        elif isinstance(node, ast.Import):
            bad = [a.name for a in node.names if starts_with_any(a.name)]
            found += [f"line {node.lineno}: import {name}" for name in bad]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
            if any(starts_with_any(name) or name in FORBIDDEN_CALLS or shared_chance(name) for name in names):
                found.append(f"line {node.lineno}: from {node.module}")
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            calls = [ast.unparse(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call)]
            made = [call for call in calls if call.rpartition(".")[2] in GENERATORS]
            found += [f"line {statement.lineno}: {call} at module level" for call in made]
    return found


def shared_chance(name: str) -> bool:
    """Whether a dotted name draws from the generator that the whole process shares."""
    for prefix in ("random.", "np.random.", "numpy.random."):
        if name.startswith(prefix):
            return re.split(r"\W", name.removeprefix(prefix))[0] not in GENERATORS
    return False


def starts_with_any(module: str) -> bool:
    return any(module == bad or module.startswith(f"{bad}.") for bad in FORBIDDEN_MODULES)


def test_rooms_import_only_what_they_may():
    assert broken_rules() == []


def test_rooms_do_not_import_in_a_circle():
    assert circle(room_graph()) == []


def test_files_do_not_import_in_a_circle():
    assert circle(file_graph()) == []


# Modules that have to know the machine: where compiled code may be kept; the clock and names of a sweep's processes.
KNOWS_THE_MACHINE = {"kernel_cache.py", "machine.py"}


@pytest.mark.parametrize(
    "file", [f for f in files() if room_of(f) not in EDGE and f.name not in KNOWS_THE_MACHINE], ids=str
)
def test_library_code_reads_nothing_from_outside(file: Path):
    assert impurities(ast.parse(file.read_text(encoding="utf-8"))) == []


def test_importing_the_package_opens_no_room_of_the_edge():
    """`import novamodel` must stay usable where no terminal or notebook tool is wanted."""
    seen, todo = set(), [ROOT_ROOM]
    graph = room_graph()
    while todo:
        room = todo.pop()
        seen.add(room)
        todo += sorted(graph.get(room, set()) - seen)
    assert "cli" not in seen


# The checks themselves, on small packages that break each rule.


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("scenario/model.py", "from novamodel.simulation import run", "may import only"),
        ("components/pool.py", "import novamodel.scenario", "may import only"),
        ("components/pool.py", "def f():\n    import simpy", "must not use simpy"),
        ("simulation/run.py", "from ..cost import bill", "must not import cost"),
        ("cost/bill.py", "import simpy", "must not use simpy"),
        ("cost/bill.py", "from novamodel import simulation", "must not import simulation"),
        ("figures/knee.py", "import numpy as np", "may use only"),
        ("figures/knee.py", "from novamodel.cost import bill", "may import only"),
        ("sizing/search.py", "from novamodel.simulation.engine import Engine", "front doors only"),
        ("cost/bill.py", "import novamodel", "front door"),
        ("cost/bill.py", "from novamodel.workflows.month import bill", "may import workflows.month"),
        ("cost/bill.py", "from novamodel.verify import cpu", "may import verify"),
        ("questions/cost.py", "from novamodel.workflows.month.usage import month_usage", "front doors only"),
        ("verify/cpu.py", "from novamodel.sizing import search", "may import only"),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, file: str, text: str, reason: str):
    package = tmp_path / "novamodel"
    rooms = (
        "scenario",
        "components",
        "simulation",
        "cost",
        "figures",
        "sizing",
        "questions",
        "verify",
        "workflows/month",
    )
    for room in rooms:
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").write_text("")
    for module in ("simulation/engine.py", "verify/cpu.py", "workflows/month/usage.py"):
        (package / module).write_text("")
    (package / file).write_text(text)
    (line,) = broken_rules(package)
    assert line.startswith(file)
    assert reason in line


def test_a_circle_of_files_inside_a_room_is_found(tmp_path: Path):
    room = tmp_path / "novamodel" / "cost"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text("from novamodel.cost.bill import bill")
    (room / "bill.py").write_text("def bill():\n    from novamodel.cost import lines")
    (room / "lines.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .bill import bill")
    assert circle(file_graph(tmp_path / "novamodel")) == ["cost/bill.py", "cost/lines.py", "cost/bill.py"]


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


@pytest.mark.parametrize(
    "text",
    [
        "import time", "from time import sleep", "import random\nrandom.random()",
        "import os\nos.environ['A']", "import os\nos.getcwd()", "from pathlib import Path\nPath.cwd()",
        "import urllib.request",
        "from datetime import datetime\ndatetime.now()", "import numpy as np\nnp.random.normal()",
        "from os import environ", "from numpy import random\nrandom.seed(1)",
        "from random import choice", "import random\nDRAWS = random.Random(1)",
        "import numpy as np\nDRAWS: object = np.random.default_rng(1)",
    ],
)  # fmt: skip
def test_an_impurity_is_found(text: str):
    assert impurities(ast.parse(text)) != []


def test_a_seeded_generator_inside_a_function_is_pure():
    text = "import random\nimport numpy as np\ndef f(seed):\n    np.random.default_rng(seed)\n"
    assert impurities(ast.parse(text + "    return random.Random(seed).random()")) == []


def test_plain_code_is_pure():
    text = "from pathlib import Path\nfrom datetime import date\ndate(2026, 11, 1)\nPath('a').name"
    assert impurities(ast.parse(text)) == []
