"""The field types of a scenario: a quantity with its unit, its bounds and the source of its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from novamodel import units


class Part(BaseModel):
    """A part of a scenario: frozen, unknown keys refused, defaults validated like input."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        strict=False,
        use_attribute_docstrings=False,
    )


def _quantity(parse: Any, example: str, unit: str, **bounds: Any) -> Any:
    schema = {"anyOf": [{"type": "string", "examples": [example]}, {"type": "number"}], "x-unit": unit}
    return Annotated[float, BeforeValidator(parse), Field(**bounds), WithJsonSchema(schema)]


if TYPE_CHECKING:  # to a type checker a quantity is a float
    Seconds: TypeAlias = float
    PositiveSeconds: TypeAlias = float
    Bytes: TypeAlias = float
    Cores: TypeAlias = float
    Rate: TypeAlias = float
    Share: TypeAlias = float
    Utilisation: TypeAlias = float
    ClockTime: TypeAlias = float
else:
    Seconds = _quantity(units.parse_time, "300 ms", "s", ge=0)
    PositiveSeconds = _quantity(units.parse_time, "15 s", "s", gt=0)
    Bytes = _quantity(units.parse_bytes, "512 MiB", "B", ge=0)
    Cores = _quantity(units.parse_cores, "500m", "cores", gt=0)
    Rate = _quantity(units.parse_rate, "450 requests/s", "1/s", ge=0)
    Share = _quantity(units.parse_fraction, "70 %", "1", ge=0, le=1)
    Utilisation = _quantity(units.parse_fraction, "70 %", "1", gt=0, le=10)
    ClockTime = _quantity(units.parse_clock, "17:45", "s since midnight", ge=0, lt=86400)
Count = Annotated[int, Field(ge=0, strict=True)]
PositiveCount = Annotated[int, Field(ge=1, strict=True)]
Factor = Annotated[float, Field(gt=0)]


def given(default: Any, sentence: str, source: str) -> Any:
    """A field with a default: what it means, and where the default comes from (measured, documented, assumed)."""
    return Field(default=default, description=sentence, json_schema_extra={"source": source})


def needed(sentence: str) -> Any:
    """A field without a default: only the user's files or scenario can say it."""
    return Field(description=sentence)
