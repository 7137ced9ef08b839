"""Where a dotted path leads in the scenario's models: the fields it passes, their unit, the source of their default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from novamodel.scenario.demand import Demand
from novamodel.scenario.fields import Part
from novamodel.scenario.origin import Origin


def fields_on(root: type[Part], path: str) -> list[Any]:
    """The pydantic fields that a dotted path passes, outermost first."""
    model: Any = root
    fields = []
    for word in path.split("."):
        known = getattr(model, "model_fields", None)
        if known and word in known:
            fields.append(known[word])
            model = inner_model(known[word].annotation)
    return fields


def inner_model(annotation: Any) -> Any:
    """The part of a scenario that an annotation holds, or None."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = inner_model(inner)
        if found is not None:
            return found
    return None


def absent_paths(root: type[Part], known: Mapping[str, Any], wanted: str) -> Iterator[str]:
    """Paths of the fields of the absent part that a wanted path leads into, if it leads into one."""
    words = wanted.split(".")
    for size in range(1, len(words)):
        path = ".".join(words[:size])
        if path in known and known[path] is None:
            part = inner_model(fields_on(root, path)[-1].annotation)
            yield from (f"{path}.{name}" for name in (part.model_fields if part else ()))


def default_origin(root: type[Part], path: str) -> Origin:
    """The source that the field itself, or the nearest field around it whose default fills it, names."""
    source = ""
    for field in fields_on(root, path):
        source = (field.json_schema_extra or {}).get("source", source)
        if inner_model(field.annotation) is Demand:
            break
    kind = source.split(":")[0].split()[0] if source else "default"
    return Origin(kind if kind in ("measured", "documented", "assumed", "derived") else "default", source, None, None)


def field_sentence(root: type[Part], path: str) -> str:
    """What the field at a dotted path means, in its own words."""
    fields = fields_on(root, path)
    return (fields[-1].description or "") if fields else ""


def field_unit(root: type[Part], path: str) -> str:
    """SI unit of the value at a dotted path, where it has one."""
    fields = fields_on(root, path)
    stack = [fields[-1], *getattr(fields[-1].annotation, "__args__", ())] if fields else []
    for item in stack:
        for extra in getattr(item, "metadata", None) or getattr(item, "__metadata__", ()) or ():
            schema = getattr(extra, "json_schema", None)
            if isinstance(schema, dict) and "x-unit" in schema:
                return "" if schema["x-unit"] == "1" else schema["x-unit"]
    return ""
