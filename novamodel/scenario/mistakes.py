"""What pydantic refuses, as one clear `UserError`."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from novamodel.errors import UserError, near
from novamodel.scenario.fields import Part, Wrong
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.schema_walk import field_sentence, field_unit, is_union, part_at, part_of, place_at

FORMS = {"dict_type": "mapping", "model_type": "mapping", "tuple_type": "list"}
"""What pydantic wants, by the kind of its mistake, in YAML's words."""


def as_user_error(problem: ValidationError, tree: Tree, root: type[Part]) -> UserError:
    """The first mistake, with path, value, the place where it was written and what would be valid."""
    details: list[Any] = problem.errors(include_url=False)
    words, error = _first(details, root)
    path = ".".join(words)
    message, valid = _said(error, words, root)
    where = path or None
    if not path and (named := _path_in(message, tree)):  # a rule over the whole scenario names the path itself
        words = named.split(".")
    origin = _nearest_origin(tree, words)
    paths = {".".join(_words(one, root)) for one in details}
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 and error["type"] != "extra_forbidden" else ""
    return UserError(
        message + more,
        file=origin.file if origin else None,
        line=origin.line if origin else None,
        path=where,
        valid=valid,
    )


def _first(details: list[Any], root: type[Part]) -> tuple[list[str], Any]:
    """The mistake to tell, with its path: an unknown key, else the first; of several readings the one that went on."""
    placed = [(_words(error, root), error) for error in details]
    for words, error in placed:
        if error["type"] == "extra_forbidden":
            return words, error
    first = placed[0][0]
    return max((one for one in placed if one[0][: len(first)] == first), key=lambda one: len(one[0]))


def _words(error: Any, root: type[Part]) -> list[str]:
    """The path of a mistake: without the words that only say which of several types was tried."""
    words: list[str] = []
    for word in map(str, error["loc"]):
        place = place_at(root, words)
        if place_at(root, [*words, word]) is not None or place is None or not _names_a_type(word, place.annotation):
            words.append(word)
    found = _found(error)
    return [*words, *found.below] if found else words


def _found(error: Any) -> Wrong | None:
    """The mistake as a validator of ours raised it."""
    found = error.get("ctx", {}).get("error")
    return found if isinstance(found, Wrong) else None


def _names_a_type(word: str, annotation: Any) -> bool:
    """Whether a word of pydantic's names one of the types that a value may have."""
    if "[" in word or word in ("literal", "tuple"):
        return True
    return is_union(annotation) and word in ("str", "float", "int", getattr(part_of(annotation), "__name__", ""))


def _said(error: Any, words: list[str], root: type[Part]) -> tuple[str, str | None]:
    """What is wrong, and what would be valid."""
    path, last = ".".join(words), words[-1] if words else ""
    kind, given, message = error["type"], error.get("input"), error["msg"].removeprefix("Value error, ")
    if found := _found(error):
        return found.message, found.valid
    if kind == "extra_forbidden":
        return f"unknown key {last!r}", _keys_near(root, words)
    if kind == "too_short" and isinstance(given, dict):
        return f"{last!r} is empty", f"at least one entry: {field_sentence(root, path)}"
    if kind == "too_short" and len(given) == 0:
        return f"{last!r} is empty", f"at least one: {field_sentence(root, path)}"
    if kind in ("too_short", "too_long"):
        return f"{last!r} has {len(given)} entries", field_sentence(root, path)
    if kind in FORMS:
        form = FORMS[kind]
        valid = (
            f"a mapping; {_keys_near(root, [*words, ''])}"
            if kind == "model_type"
            else f"a {form}: {field_sentence(root, path)}"
        )
        form = f"text and no {form}" if kind == "model_type" and _has_text(root, path) else form
        said = f"{last!r} has no value" if given is None else f"{last!r} is no {form}"
        return said, valid
    if kind == "missing":
        return f"{last!r} is needed and nothing says it", None
    if "than" in kind and (unit := field_unit(root, path)):
        return f"{message} {unit} (given: {given!r})", None
    if len(str(given)) < 60 and not isinstance(given, dict):
        return f"{message} (given: {given!r})", None
    return message, None


def _has_text(root: type[Part], path: str) -> bool:
    """Whether the part at a path may be written as one text."""
    part = part_at(root, path)
    return part is not None and "from_text" in vars(part)


def _path_in(message: str, tree: Tree) -> str | None:
    """The path that a message begins with: the longest that somebody has written, or what looks like one."""
    written = [path for path in tree.origins if message.startswith((f"{path} ", f"{path}: ", f"{path}."))]
    looks = re.match(r"([\w-]+(?:\.[\w-]+)+):? (?=\S)", message)
    return max([*written, *([looks[1]] if looks else [])], key=len, default=None)


def _nearest_origin(tree: Tree, words: list[str]) -> Origin | None:
    """Where the value at a path was written, what an override below it says, or the nearest part around it."""
    inside = (origin for path, origin in tree.origins.items() if path.startswith(".".join(words) + "."))
    overridden = next((origin for origin in inside if origin.kind == "override"), None)
    if overridden is not None:
        return overridden
    prefixes = (".".join(words[:size]) for size in range(len(words), 0, -1))
    return tree.origin(".".join(words)) or next((tree.origins[p] for p in prefixes if p in tree.origins), None)


def _keys_near(root: type[Part], words: list[str]) -> str:
    """The keys that the part around the last word has, the nearest first."""
    names = list((part_at(root, ".".join(words[:-1])) or root).model_fields)
    close = near(words[-1] if words else "", names, 1, 0.4)
    return f"did you mean {close[0]!r}? keys here: {', '.join(names)}" if close else f"keys here: {', '.join(names)}"
