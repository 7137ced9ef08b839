"""Resources that infrastructure files declare: what is billed or limits, with a place in the model or without."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from novamodel.scenario.fields import Part, given, needed

Scalar = bool | int | float | str
Instances = Annotated[int, Field(ge=1, le=10**6, strict=True)]
LineNumber = Annotated[int, Field(ge=1, le=10**9, strict=True)]


class Declared(Part):
    """One resource of Terraform or CloudFormation, with the values that its price or its limit may depend on."""

    type: str = needed("resource type as Terraform calls it, such as aws_nat_gateway")
    name: str = needed("its label, with the module that makes it; in CloudFormation its logical name")
    count: Instances = given(1, "how many there are with these values", "documented: Terraform makes one")
    values: dict[str, Scalar] = given({}, "what is written, resolved; nested blocks with dots", "default: none")
    usage: dict[str, Scalar] = given({}, "what is done with it in a month, as a usage file says", "default: none")
    links: dict[str, str] = given({}, "resources that its values refer to, as type.name", "default: none")
    file: str | None = given(None, "file that declares it", "default: none")
    line: LineNumber | None = given(None, "line of that file", "default: none")
    modelled: str | None = given(None, "path of the scenario that takes its capacity", "default: it has no place")

    def text(self, key: str) -> str:
        """A value as text; empty where it is not written."""
        value = self.values.get(key, "")
        return str(value).lower() if isinstance(value, bool) else str(value)

    def number(self, key: str) -> float | None:
        """A value as a number; None where it is not written or no number."""
        return _number(self.values.get(key))

    def used(self, *keys: str) -> float | None:
        """The first of some figures of its use in a month; None where no usage file says one."""
        return next((found for key in keys if (found := _number(self.usage.get(key))) is not None), None)

    @property
    def address(self) -> str:
        """Type and name, as ``links`` of others name it."""
        return f"{self.type}.{self.name}"

    @property
    def place(self) -> str:
        """``main.tf:7``, or the file alone."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file or ""


def _number(value: Scalar | None) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return None
