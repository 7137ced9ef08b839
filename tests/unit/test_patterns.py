"""Every regular expression takes time linear in the size of what users write.

The patterns are read from the source with the way each is used, and run over long texts made of what they look for.
"""

import ast
import re
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "novamodel"
USES = {"match", "fullmatch", "search", "sub", "subn", "findall", "finditer", "split"}
ANCHORED = {"match", "fullmatch"}
PUMPS = ["a", "0", " ", "\t", "\n", "a ", "0.", "-", "_", ".", '"', "'", "{", "(", "/", ":", "a=", "a:", "\\", "${",
         "a,", "a0", "\n ", "a.", "a/", "<", "[", "=", "é", "0 ", "1e", "a_", "*", "#", "a-"]  # fmt: skip
STAGES = ((22, 0.02), (400, 0.02), (4000, 0.04), (30_000, 0.3))
"""Characters, and seconds that a linear pattern stays far below."""
HEADS = ["1", "1 a", "1a", "a", "a(a", "a <", "a: ", "p99 <a", "1 ms idle 1 ms "]
FEW = ["a", "0", " ", "\t", "\n", ".", "-", "a ", "0."]


def _text(node: ast.expr) -> str | bytes | None:
    """The pattern of an argument; what is filled in stands as ``x``."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str | bytes) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def _flags(call: ast.Call) -> int:
    words = " ".join(ast.unparse(arg) for arg in [*call.args[1:], *(key.value for key in call.keywords)])
    return sum(getattr(re, name) for name in "IMSX" if re.search(rf"\bre\.{name}\b", words))


def patterns() -> dict[tuple[str | bytes, int, bool], str]:
    """(pattern, flags, whether it is used at the start only) of every regular expression, and where it stands."""
    found = {}
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}
    used: dict[tuple[Path | None, str], set[str]] = {}
    for path, text in sources.items():
        for name, method in re.findall(
            r"\b([A-Za-z_]\w*)\.(match|fullmatch|search|subn?|findall|finditer|split)\(", text
        ):
            used.setdefault((path if name.startswith("_") else None, name), set()).add(method)
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if ast.unparse(node.func.value) != "re" or node.func.attr not in {*USES, "compile"}:
                continue
            pattern = _text(node.args[0])
            if pattern is None:
                continue
            methods = {node.func.attr}
            if node.func.attr == "compile":
                line = text.splitlines()[node.lineno - 1]
                named = re.match(r"\s*(\w+)\s*(:[^=]+)?=", line)
                name = named[1] if named else ""
                methods = used.get((path if name.startswith("_") else None, name), {"search"})
            key = (pattern, _flags(node), methods <= ANCHORED)
            found[key] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def _seconds(compiled: re.Pattern, text: str, anchored: bool) -> float:
    given = text.encode() if isinstance(compiled.pattern, bytes) else text
    begun = time.perf_counter()
    compiled.match(given)
    compiled.fullmatch(given)
    if not anchored:
        for _ in compiled.finditer(given):
            pass
    return time.perf_counter() - begun


def _slow(pattern: str | bytes, flags: int, anchored: bool) -> str:
    """The text on which a pattern is too slow; empty where there is none."""
    compiled = re.compile(pattern, flags)
    plain = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    words = list(dict.fromkeys(re.findall(r"[A-Za-z_]{2,}", re.sub(r"\\[a-zA-Z]", " ", plain))))[:4]
    for head in ["", *HEADS, *words]:
        for pump in [*PUMPS, *words] if not head else FEW:
            for tail in ("", "!"):
                for size, limit in STAGES:
                    text = head + pump * (size // len(pump) + 1) + tail
                    taken = _seconds(compiled, text, anchored)
                    if taken > limit and min(taken, _seconds(compiled, text, anchored)) > limit:
                        return f"{head!r} + {pump!r} * n + {tail!r}: {taken:.2f} s at {size} characters"
                    if size >= 4000 and taken < 0.001:
                        break
    return ""


FOUND = patterns()


def test_the_patterns_are_found():
    assert len(FOUND) > 150


@pytest.mark.parametrize(("pattern", "flags", "anchored"), list(FOUND), ids=list(FOUND.values()))
def test_a_pattern_is_linear(pattern, flags, anchored):
    assert _slow(pattern, flags, anchored) == ""
