"""The field types of a scenario: a quantity with its unit, its bounds and the source of its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from novamodel import units


def _mark(schema: dict[str, Any], part: type[Part]) -> None:
    if part.simplified:
        schema["x-simplified"] = part.simplified


class Part(BaseModel):
    """A part of a scenario: frozen, unknown keys refused, defaults validated like input."""

    simplified: ClassVar[str] = ""
    """What a part leaves out that would change figures: said wherever it is used (`scenario.simplified`)."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        strict=False,
        use_attribute_docstrings=False,
        json_schema_extra=_mark,
    )

    @classmethod
    def from_text(cls, text: str) -> dict[str, Any] | None:
        """The mapping that a part written as one text stands for; None where a part has no such form."""
        return None


def _quantity(parse: Any, example: str, unit: str, **bounds: Any) -> Any:
    schema = {"anyOf": [{"type": "string", "examples": [example]}, {"type": "number"}], "x-unit": unit}
    return Annotated[float, BeforeValidator(parse), Field(**bounds), WithJsonSchema(schema)]


# Upper bounds are far beyond any backend: they refuse a slip of the keyboard before it becomes an endless run.
if TYPE_CHECKING:  # to a type checker a quantity is a float
    Seconds: TypeAlias = float
    PositiveSeconds: TypeAlias = float
    Period: TypeAlias = float
    Duration: TypeAlias = float
    CpuSeconds: TypeAlias = float
    Bytes: TypeAlias = float
    Cores: TypeAlias = float
    Rate: TypeAlias = float
    Share: TypeAlias = float
    Utilisation: TypeAlias = float
    ClockTime: TypeAlias = float
else:
    Seconds = _quantity(units.parse_time, "300 ms", "s", ge=0, le=1e7)
    PositiveSeconds = _quantity(units.parse_time, "15 s", "s", gt=0, le=1e7)
    Period = _quantity(units.parse_time, "15 s", "s", ge=0.1, le=86400)
    Duration = _quantity(units.parse_time, "20 min", "s", gt=0, le=7 * 86400)
    CpuSeconds = _quantity(units.parse_time, "139 us", "s", ge=0, le=3600)
    Bytes = _quantity(units.parse_bytes, "512 MiB", "B", ge=0, le=1e15)
    Cores = _quantity(units.parse_cores, "500m", "cores", gt=0, le=1024)
    Rate = _quantity(units.parse_rate, "450 requests/s", "1/s", ge=0, le=1e6)
    Share = _quantity(units.parse_fraction, "70 %", "1", ge=0, le=1)
    Utilisation = _quantity(units.parse_fraction, "70 %", "1", gt=0, le=10)
    ClockTime = _quantity(units.parse_clock, "17:45", "s since midnight", ge=0, lt=86400)
Count = Annotated[int, Field(ge=0, le=10**9, strict=True)]
PositiveCount = Annotated[int, Field(ge=1, le=10**9, strict=True)]
FewCount = Annotated[int, Field(ge=1, le=1024, strict=True)]
PoolSize = Annotated[int, Field(ge=1, le=10_000, strict=True)]
ReplicaCount = Annotated[int, Field(ge=1, le=1000, strict=True)]
ClientCount = Annotated[int, Field(ge=1, le=10**7, strict=True)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)]
Factor = Annotated[float, Field(gt=0, le=1e6)]


def given(default: Any, sentence: str, source: str) -> Any:
    """A field with a default: what it means, and where the default comes from (measured, documented, assumed)."""
    return Field(default=default, description=sentence, json_schema_extra={"source": source})


def needed(sentence: str) -> Any:
    """A field without a default: only the user's files or scenario can say it."""
    return Field(description=sentence)


class Wrong(ValueError):
    """A mistake found by a validator: what is wrong, where below the part at hand, what would be valid."""

    def __init__(self, message: str, below: tuple[str, ...], valid: str | None) -> None:
        super().__init__(message)
        self.message, self.below, self.valid = message, below, valid

    def __str__(self) -> str:
        return f"{self.message} (valid: {self.valid})" if self.valid else self.message


def wrong(message: str, *below: str, valid: str | None = None) -> Wrong:
    """A mistake to raise in a validator; the words of ``below`` lead from the part at hand to where it is."""
    return Wrong(message, below, valid)
