"""What pydantic refuses, as one clear `UserError`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from novamodel.errors import UserError
from novamodel.scenario.fields import Part
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.schema_walk import field_sentence, field_unit, inner_model

FORMS = {"dict_type": "mapping", "model_type": "mapping", "tuple_type": "list"}
"""What pydantic wants, by the kind of its mistake, in YAML's words."""


def as_user_error(problem: ValidationError, tree: Tree, root: type[Part]) -> UserError:
    """The first mistake, with path, value, the place where it was written and what would be valid."""
    details = problem.errors(include_url=False)
    error = next((e for e in details if e["type"] == "extra_forbidden"), details[0])
    words = [
        str(word)
        for word in error["loc"]
        if not (isinstance(word, str) and ("[" in word or word in ("literal", "tuple")))
    ]
    path = ".".join(words)
    message = error["msg"].removeprefix("Value error, ")
    named = re.match(r"([\w-]+(?:\.[\w-]+)+):? (?=\S)", message)
    if not path and named:  # a rule over the whole scenario names the path itself
        words = named[1].split(".")
    origin = _nearest_origin(tree, words)
    valid = None
    if error["type"] == "extra_forbidden":
        message = f"unknown key {words[-1]!r}"
        valid = _keys_near(root, words)
    elif error["type"] == "too_short" and isinstance(error.get("input"), dict):
        message = f"{words[-1]!r} is empty"
        valid = f"at least one entry: {field_sentence(root, path)}"
    elif error["type"] in FORMS:
        form = FORMS[error["type"]]
        message = f"{words[-1]!r} has no value" if error["input"] is None else f"{words[-1]!r} is no {form}"
        valid = f"a {form}: {field_sentence(root, path)}"
        if error["type"] == "model_type":
            valid = f"a mapping; {_keys_near(root, [*words, ''])}"
    elif error["type"] == "missing":
        message = f"{words[-1]!r} is needed and nothing says it"
    elif "than" in error["type"] and (unit := field_unit(root, path)):
        message = f"{message} {unit} (given: {error['input']!r})"
    elif len(str(error.get("input"))) < 60 and not isinstance(error.get("input"), dict):
        message = f"{message} (given: {error['input']!r})"
    more = f" (and {len(details) - 1} more)" if len(details) > 1 and error["type"] != "extra_forbidden" else ""
    return UserError(
        message + more,
        file=origin.file if origin else None,
        line=origin.line if origin else None,
        path=path or None,
        valid=valid,
    )


def _nearest_origin(tree: Tree, words: list[str]) -> Origin | None:
    """Where the value at a path was written, what an override below it says, or the nearest part around it."""
    inside = (origin for path, origin in tree.origins.items() if path.startswith(".".join(words) + "."))
    overridden = next((origin for origin in inside if origin.kind == "override"), None)
    if overridden is not None:
        return overridden
    prefixes = (".".join(words[:size]) for size in range(len(words), 0, -1))
    return tree.origin(".".join(words)) or next((tree.origins[p] for p in prefixes if p in tree.origins), None)


def _keys_near(root: type[Part], words: list[str]) -> str:
    model: Any = root
    for word in words[:-1]:
        field = getattr(model, "model_fields", {}).get(word)
        if field is not None:
            model = inner_model(field.annotation) or model
    names = list(model.model_fields)
    close = get_close_matches(words[-1], names, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}? keys here: {', '.join(names)}" if close else f"keys here: {', '.join(names)}"
