"""A CloudFormation template's parameters, mappings, conditions and functions: what its values come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from novamodel.importers.node import Node
from novamodel.importers.terraform.values import TooMuch, Unknown, joined, text_of

MAX_WORK = 300_000
MAX_DEPTH = 40
_SUB = re.compile(r"\$\{(!?)([^${}]{1,300})\}")


@dataclass
class Template:
    """One template as it is deployed: ``given`` are its parameters, ``prefix`` the address of its nested stack."""

    root: Node
    given: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    nested: dict[str, Template] = field(default_factory=dict)
    region: str | None = None
    left: int = MAX_WORK
    depth: int = 0

    def value(self, node: Node) -> Any:
        """The value at a node with its functions worked out; ``Unknown`` where only a deployment says it."""
        return self._value(node.value)

    def exists(self, resource: Node) -> bool | None:
        """Whether a resource's condition holds; None where it is not known."""
        if not resource["Condition"]:
            return True
        answer = self._condition(resource["Condition"].text)
        return None if isinstance(answer, Unknown) else bool(answer)

    def parameter(self, name: str) -> Any:
        """A parameter's given value or its default."""
        if name in self.given:
            return self.given[name]
        declared = self.root.at("Parameters", name)
        kind, default = declared["Type"].text, declared["Default"]
        if default and "SSM" not in kind:
            if "List" in kind and isinstance(default.value, str):
                return [part.strip() for part in default.value.split(",")]
            return _number(default.value) if kind == "Number" else default.value
        return Unknown(f"{name}", (), f"parameter {name} is given when it is deployed")

    def _value(self, value: Any) -> Any:
        self.left -= 1
        if self.left < 0 or self.depth > MAX_DEPTH:
            raise TooMuch("more work than any real template asks for")
        self.depth += 1
        try:
            if isinstance(value, list):
                made = [self._value(one) for one in value]
                return [one for one in made if one is not _NOTHING]
            if isinstance(value, dict):
                if len(value) == 1:
                    (name, argument), *_ = value.items()
                    function = _FUNCTIONS.get(name)
                    if function is not None:
                        return function(self, argument)
                made_map = {key: self._value(one) for key, one in value.items()}
                return {key: one for key, one in made_map.items() if one is not _NOTHING}
            return value
        finally:
            self.depth -= 1

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name == "AWS::Region":
            return self.region if self.region else Unknown("AWS::Region", (), "the region of the deployment")
        if isinstance(name, str) and self.root.at("Parameters", name):
            return self.parameter(name)
        if not self.root.at("Resources", str(name)):
            return Unknown(str(name), (), f"{name} is declared nowhere")
        return Unknown(str(name), (f"{self.prefix}{name}",), "known when it is deployed")

    def _get_att(self, argument: Any) -> Any:
        text = argument if isinstance(argument, str) else ".".join(str(one) for one in argument or [])
        words = text.split(".")
        if len(words) > 2 and words[1] == "Outputs" and words[0] in self.nested:
            return self.nested[words[0]].output(".".join(words[2:]))
        return Unknown(".".join(words), (f"{self.prefix}{words[0] if words else ''}",), "known when it is deployed")

    def output(self, name: str) -> Any:
        """An output of this template."""
        found = self.root.at("Outputs", name, "Value")
        return self._value(found.value) if found else Unknown(name, (), f"there is no output {name}")

    def _sub(self, argument: Any) -> Any:
        text, names = (argument[0], argument[1]) if isinstance(argument, list) and len(argument) > 1 else (argument, {})
        if not isinstance(text, str) or len(text) > 50_000:
            return Unknown("Fn::Sub")
        parts: list[Any] = []
        end = 0
        for match in _SUB.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            name = match[2].strip()
            if match[1]:
                parts.append("${" + name + "}")
            elif isinstance(names, dict) and name in names:
                parts.append(self._value(names[name]))
            else:
                parts.append(self._get_att(name) if "." in name else self._ref(name))
        parts.append(text[end:])
        parts = [part for part in parts if part != "" and part is not _NOTHING]
        made = joined(parts) if parts else ""
        return made if isinstance(made, str | Unknown) else text_of(made)

    def _join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return Unknown("Fn::Join")
        items = self._value(argument[1])
        if isinstance(items, Unknown) or not isinstance(items, list):
            return items if isinstance(items, Unknown) else Unknown("Fn::Join")
        parts: list[Any] = []
        for number, one in enumerate(items):
            parts += [str(argument[0]), one] if number else [one]
        made = joined([part for part in parts if part != ""] or [""])
        return made if isinstance(made, str | Unknown) else text_of(made)

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return Unknown("Fn::If")
        answer = self._condition(str(argument[0]))
        if isinstance(answer, Unknown):
            return Unknown(f"If {argument[0]}", answer.refs, answer.why)
        return self._value(argument[1] if answer else argument[2])

    def _condition(self, name: str) -> Any:
        found = self.root.at("Conditions", name)
        return self._value(found.value) if found else Unknown(name, (), f"there is no condition {name}")

    def _equals(self, argument: Any) -> Any:
        sides = [self._value(one) for one in argument or []][:2]
        gap = next((one for one in sides if isinstance(one, Unknown)), None)
        return gap if gap is not None or len(sides) < 2 else text_of(sides[0]) == text_of(sides[1])

    def _all(self, argument: Any) -> Any:
        return self._logic(argument, False)

    def _any(self, argument: Any) -> Any:
        return self._logic(argument, True)

    def _logic(self, argument: Any, decides: bool) -> Any:
        answers = [self._value(one) for one in argument or []]
        if any(one is decides for one in answers):
            return decides
        return next((one for one in answers if isinstance(one, Unknown)), not decides)

    def _not(self, argument: Any) -> Any:
        answer = self._value(argument[0]) if isinstance(argument, list) and argument else Unknown("Fn::Not")
        return answer if isinstance(answer, Unknown) else not answer

    def _find(self, argument: Any) -> Any:
        words = [self._value(one) for one in argument or []]
        gap = next((one for one in words[:3] if isinstance(one, Unknown)), None)
        if gap is not None:
            return gap
        found = self.root["Mappings"]
        for word in words[:3]:
            found = found[text_of(word)]
        return found.value if found else Unknown("Fn::FindInMap", (), "there is no such entry")

    def _select(self, argument: Any) -> Any:
        index, items = [self._value(one) for one in argument or [None, None]][:2]
        number = _number(index)
        if isinstance(items, list) and isinstance(number, int) and 0 <= number < len(items):
            return items[number]
        return items if isinstance(items, Unknown) else Unknown("Fn::Select")

    def _split(self, argument: Any) -> Any:
        sign, text = [self._value(one) for one in argument or [None, None]][:2]
        return text.split(str(sign)) if isinstance(text, str) and sign else Unknown("Fn::Split")

    def _inner(self, argument: Any) -> Any:
        return self._value(argument)

    def _elsewhere(self, argument: Any) -> Any:
        return Unknown(text_of(argument)[:100], (), "another stack's value")


_NOTHING = object()
_FUNCTIONS: dict[str, Callable[[Template, Any], Any]] = {
    "Ref": Template._ref,
    "Fn::GetAtt": Template._get_att,
    "Fn::Sub": Template._sub,
    "Fn::Join": Template._join,
    "Fn::If": Template._if,
    "Condition": lambda template, name: template._condition(str(name)),
    "Fn::Equals": Template._equals,
    "Fn::And": Template._all,
    "Fn::Or": Template._any,
    "Fn::Not": Template._not,
    "Fn::FindInMap": Template._find,
    "Fn::Select": Template._select,
    "Fn::Split": Template._split,
    "Fn::Base64": Template._inner,
    "Fn::ToJsonString": Template._inner,
    "Fn::ImportValue": Template._elsewhere,
    "Fn::GetAZs": Template._elsewhere,
    "Fn::Transform": Template._elsewhere,
    "Fn::Cidr": Template._elsewhere,
}


def _number(value: Any) -> Any:
    if isinstance(value, str) and len(value) < 16:
        try:
            return int(value) if value.strip().lstrip("-").isdecimal() else float(value)
        except ValueError:
            return value
    return value
