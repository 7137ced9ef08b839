"""Where a dotted path leads in the scenario's models: the fields it passes, their unit, the source of their default."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from novamodel.scenario.fields import Part
from novamodel.scenario.laws import DEMANDS
from novamodel.scenario.origin import Origin


class Place(NamedTuple):
    """Where one word of a path leads: the type of the value there, and its field, where it is one."""

    annotation: Any
    field: Any = None


def place_at(root: type[Part], words: list[str]) -> Place | None:
    """Where a path leads, through mappings, lists and what may be left out; None where it leads nowhere."""
    place: Place | None = Place(root)
    for word in words:
        place = place and _into(place.annotation, word)
    return place


def fields_on(root: type[Part], path: str) -> list[Any]:
    """The pydantic fields that a dotted path passes, outermost first, as far as it leads."""
    place: Place | None = Place(root)
    fields = []
    for word in path.split("."):
        place = place and _into(place.annotation, word)
        if place is None:
            break
        if place.field is not None:
            fields.append(place.field)
    return fields


def _into(annotation: Any, word: str) -> Place | None:
    """Where a word leads from a type."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        field = annotation.model_fields.get(word)
        return Place(field.annotation, field) if field else None
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _into(inner[0], word)
    if kind is dict:
        return Place(inner[1])
    if kind is tuple and word.isdigit():
        if inner[-1] is Ellipsis:
            return Place(inner[0])
        return Place(inner[int(word)]) if int(word) < len(inner) else None
    if kind in (Union, UnionType):
        return next((found for one in inner if (found := _into(one, word)) is not None), None)
    return None


def is_union(annotation: Any) -> bool:
    """Whether a value may be of several types (one that may be left out counts)."""
    if get_origin(annotation) is Annotated:
        return is_union(get_args(annotation)[0])
    return get_origin(annotation) in (Union, UnionType)


def part_of(annotation: Any) -> type[Part] | None:
    """The part that a value of this type is, if it may be one."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return next((found for one in get_args(annotation) if (found := part_of(one)) is not None), None)
    return None


def part_at(root: type[Part], path: str) -> type[Part] | None:
    """The part that a dotted path leads to, if it leads to one."""
    place = place_at(root, path.split(".") if path else [])
    return part_of(place.annotation) if place else None


def absent_paths(root: type[Part], known: Mapping[str, Any], wanted: str) -> Iterator[str]:
    """Paths of the fields of the absent parts that a wanted path leads into, if it leads into one."""
    words = wanted.split(".")
    absent = False
    for size in range(1, len(words)):
        path = ".".join(words[:size])
        absent = absent or (path in known and known[path] is None)
        part = part_at(root, path) if absent else None
        yield from (f"{path}.{name}" for name in (part.model_fields if part else ()))


def opened(root: type[Part], path: str, written: Any) -> Any:
    """The mapping or list to change single values in, where ``written`` is one text, or nothing (then the default)."""
    if isinstance(written, str):
        part = part_at(root, path)
        return part.from_text(written) if part else None
    place = place_at(root, path.split("."))
    default = place.field.default if place and place.field else None
    if isinstance(default, tuple):
        return list(copy.deepcopy(default))
    return copy.deepcopy(default) if isinstance(default, dict) else {}


def default_origin(root: type[Part], path: str) -> Origin:
    """The source that the field itself, or the nearest field around it whose default fills it, names."""
    source = ""
    for field in fields_on(root, path):
        source = (field.json_schema_extra or {}).get("source", source)
        if part_of(field.annotation) in DEMANDS:
            break
    kind = source.split(":")[0].split()[0] if source else "default"
    return Origin(kind if kind in ("measured", "documented", "assumed", "derived") else "default", source, None, None)


def field_sentence(root: type[Part], path: str) -> str:
    """What the field at a dotted path means, in its own words."""
    fields = fields_on(root, path)
    return (fields[-1].description or "") if fields else ""


def field_unit(root: type[Part], path: str) -> str:
    """SI unit of the value at a dotted path, where it has one."""
    place = place_at(root, path.split("."))
    if place is None:
        return ""
    unit = _unit(place.annotation, getattr(place.field, "metadata", ()))
    return "" if unit == "1" else unit


def _unit(annotation: Any, metadata: Any = ()) -> str:
    for extra in (*metadata, *getattr(annotation, "__metadata__", ())):
        schema = getattr(extra, "json_schema", None)
        if isinstance(schema, dict) and "x-unit" in schema:
            return str(schema["x-unit"])
    if is_union(annotation):
        return next((unit for one in get_args(annotation) if (unit := _unit(one))), "")
    return ""
