"""Changes as a user writes them, PATH=VALUE: on the command line (`--set`) and in a notebook's `overrides`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novamodel.errors import UserError

MOST_CHARACTERS = 10_000
FORM = "PATH=VALUE, such as services.core-api.replicas=5"


def changes_from(texts: Iterable[str] | None, said_by: str = "--set") -> dict[str, Any]:
    """Path to value of each ``PATH=VALUE``; the value is read as YAML. The last of two for one path holds."""
    return dict(_change(text, said_by) for text in texts or ())


def _change(text: str, said_by: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise UserError(f"{said_by} {text!r} is not PATH=VALUE", valid=FORM)
    if not value.strip():
        raise UserError(f"{said_by} {path} has no value", valid="a value; null takes an optional part away")
    return path, yaml_value(value, f"{said_by} {path}")


def yaml_value(text: str, place: str) -> Any:
    """A plain value written as YAML; ``place`` names it in a mistake."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > MOST_CHARACTERS:
        raise UserError(f"{place}: the value is longer than {MOST_CHARACTERS} characters")
    try:
        return _plain(YAML(typ="safe", pure=True).load(text), place)
    except (YAMLError, ValueError, TypeError, RecursionError) as problem:
        reason = str(getattr(problem, "problem", None) or problem).strip().split("\n")[0]
        raise UserError(f"{place}: {text!r} is not valid YAML: {reason}") from None


def _plain(value: Any, place: str, depth: int = 0) -> Any:
    """Only what a scenario file may hold; an alias is refused, so that nothing grows or bites its tail."""
    if depth > 30:
        raise UserError(f"{place}: nested deeper than 30 levels")
    if isinstance(value, dict):
        return {str(key): _plain(inner, place, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, place, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise UserError(f"{place}: {value!r} is not plain YAML", valid="a number, a text, a list or a mapping")
