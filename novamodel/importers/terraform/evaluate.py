"""What an expression comes to, from what the files say alone: nothing is run, and the work is bounded."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tree_sitter import Node

from novamodel.importers.terraform import functions, template
from novamodel.importers.terraform.syntax import MAX_DEPTH, Expression
from novamodel.importers.terraform.values import (
    TooMuch,
    Unknown,
    bounded_items,
    number,
    same,
    text_of,
    whole_number,
)

MAX_WORK = 400_000
"""Nodes that are evaluated for one folder."""
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Names(Protocol):
    """What the names in an expression stand for."""

    def find(self, words: list[Any], text: str) -> tuple[Any, int]:
        """(value, how many of the words it took); the words are names and index values, a splat is None."""

    def read(self, name: str, args: list[Any]) -> Any:
        """The result of a function that reads a file of the folder."""


READING = {"file", "templatefile", "fileexists", "filebase64", "abspath", "pathexpand", "basename", "dirname"}


@dataclass
class Work:
    """How much is left to do for a folder, and how deep it is."""

    left: int = MAX_WORK
    depth: int = 0

    def step(self) -> None:
        """Count one node; ``TooMuch`` when there are none left."""
        self.left -= 1
        if self.left < 0:
            raise TooMuch("more work than any real folder asks for")


@dataclass
class Evaluator:
    """Evaluates expressions with the names of one place (a module, with ``count`` or ``each``)."""

    names: Names
    work: Work
    own: Mapping[str, Any] = field(default_factory=dict)

    def value(self, expression: Expression) -> Any:
        """A plain value, or ``Unknown``."""
        return self.nodes(expression, list(expression.nodes))

    def having(self, **own: Any) -> Evaluator:
        """The same place with further names of its own (``each``, the variable of a ``for``)."""
        return Evaluator(self.names, self.work, {**self.own, **own})

    def nodes(self, at: Expression, nodes: list[Node]) -> Any:
        self.work.step()
        while len(nodes) == 1 and nodes[0].type in ("expression", "literal_value", "operation", "template_expr"):
            nodes = [child for child in nodes[0].children if child.type != "comment"]
        if not nodes:
            return Unknown(at.text, (), "not valid Terraform")
        if self.work.depth > MAX_DEPTH:
            return Unknown(text_at(at, nodes), (), "nested too deeply, or in a circle")
        if any(node.has_error for node in nodes):
            return Unknown(text_at(at, nodes), (), "not valid Terraform")
        self.work.depth += 1
        try:
            return self._term(at, nodes)
        finally:
            self.work.depth -= 1

    def _term(self, at: Expression, nodes: list[Node]) -> Any:
        first = nodes[0]
        if first.type == "variable_expr":
            return self._name(at, nodes)
        if first.type == "(":
            close = next((i for i, node in enumerate(nodes) if node.type == ")"), len(nodes))
            value, rest = self.nodes(at, nodes[1:close]), nodes[close + 1 :]
        else:
            value, rest = self._primary(at, first), nodes[1:]
        return self._follow(at, value, rest, text_at(at, nodes)) if rest else value

    def _primary(self, at: Expression, node: Node) -> Any:
        match node.type:
            case "numeric_lit":
                return _number(text_at(at, [node]))
            case "bool_lit":
                return text_at(at, [node]) == "true"
            case "null_lit":
                return None
            case "string_lit" | "quoted_template" | "heredoc_template":
                return template.value(self, at, node)
            case "collection_value" | "for_expr":
                return self._primary(at, node.children[0])
            case "tuple":
                parts = [child for child in node.children if child.type == "expression"]
                return bounded_items([self.nodes(at, [part]) for part in parts])
            case "object":
                return self._object(at, node)
            case "function_call":
                return self._call(at, node)
            case "for_tuple_expr" | "for_object_expr":
                return self._for(at, node)
            case "conditional":
                return self._conditional(at, node)
            case "binary_operation":
                return self._binary(at, node)
            case "unary_operation":
                inner = self.nodes(at, node.children[1:])
                if isinstance(inner, Unknown):
                    return inner
                return (not truth(inner)) if node.children[0].type == "!" else -number(inner)
        return Unknown(text_at(at, [node]))

    def _object(self, at: Expression, node: Node) -> Any:
        result: dict[str, Any] = {}
        for child in node.children:
            if child.type == "object_elem":
                parts = [part for part in child.children if part.type == "expression"]
                if len(parts) == 2:
                    key = self._key(at, parts[0])
                    result[text_of(key)] = self.nodes(at, [parts[1]])
        return bounded_items(result)

    def _key(self, at: Expression, node: Node) -> Any:
        """A bare word is a key as it stands."""
        inner = node.children
        if len(inner) == 1 and inner[0].type == "variable_expr":
            return text_at(at, [node])
        return self.nodes(at, [node])

    def _call(self, at: Expression, node: Node) -> Any:
        name = text_at(at, [node.children[0]]).rpartition("::")[2]
        listed = next((child for child in node.children if child.type == "function_arguments"), None)
        args: list[Any] = []
        for child in listed.children if listed else []:
            if child.type == "expression":
                args.append(self.nodes(at, [child]))
            elif child.type == "ellipsis" and args:
                last = args.pop()
                args += last if isinstance(last, list) else [last]
        result = self.names.read(name, args) if name in READING else functions.call(name, args)
        if isinstance(result, Unknown) and "(...)" in result.text:
            return Unknown(text_at(at, [node]), result.refs, result.why)
        return result

    def _conditional(self, at: Expression, node: Node) -> Any:
        return self._choice(at, _choices(node))

    def _choice(self, at: Expression, parts: list[Node]) -> Any:
        """``test ? yes : test ? yes : no``, from the left."""
        test, yes = parts[:2]
        answer = self.nodes(at, [test])
        if isinstance(answer, Unknown):
            both = [self.nodes(at, [yes]), self._else(at, parts[2:])]
            if not any(isinstance(one, Unknown) for one in both) and both[0] == both[1]:
                return both[0]
            refs = tuple(ref for one in both if isinstance(one, Unknown) for ref in one.refs)
            return Unknown(text_at(at, [parts[0], parts[-1]]), refs, answer.why or f"{answer.text} is not known")
        return self.nodes(at, [yes]) if truth(answer) else self._else(at, parts[2:])

    def _else(self, at: Expression, parts: list[Node]) -> Any:
        return self.nodes(at, parts) if len(parts) == 1 else self._choice(at, parts)

    def _binary(self, at: Expression, node: Node) -> Any:
        place = next(i for i, child in enumerate(node.children) if child.type in _SIGNS)
        sign = node.children[place].type
        left, right = self.nodes(at, node.children[:place]), self.nodes(at, node.children[place + 1 :])
        known = [one for one in (left, right) if not isinstance(one, Unknown)]
        if sign == "&&" and any(one is False for one in known):
            return False
        if sign == "||" and any(one is True for one in known):
            return True
        if len(known) < 2:
            gap = left if isinstance(left, Unknown) else right
            return Unknown(text_at(at, [node]), gap.refs, gap.why or f"{gap.text} is not known")
        if sign in ("==", "!="):
            return same(left, right) == (sign == "==")
        if sign in ("&&", "||"):
            return truth(right)
        try:
            return whole_number(_OPERATORS[sign](number(left), number(right)))
        except (ValueError, ArithmeticError):
            return Unknown(text_at(at, [node]), (), "no numbers")

    def _for(self, at: Expression, node: Node) -> Any:
        intro = next(child for child in node.children if child.type == "for_intro")
        words = [text_at(at, [child]) for child in intro.children if child.type == "identifier"]
        over = self.nodes(at, [child for child in intro.children if child.type == "expression"])
        if isinstance(over, Unknown):
            return Unknown(text_at(at, [node]), over.refs, over.why or f"{over.text} is not known")
        results = [child for child in node.children if child.type == "expression"]
        test = next((child for child in node.children if child.type == "for_cond"), None)
        grouped = any(child.type == "ellipsis" for child in node.children)
        made_list: list[Any] = []
        made: dict[str, Any] = {}
        for key, one in template.pairs(over):
            names = {words[0]: key, words[1]: one} if len(words) > 1 else {words[0]: one}
            inner = self.having(**names)
            if test is not None:
                kept = inner.nodes(at, [child for child in test.children if child.type == "expression"])
                if not isinstance(kept, Unknown) and not truth(kept):
                    continue
            values = [inner.nodes(at, [result]) for result in results]
            if node.type == "for_tuple_expr":
                made_list.append(values[0])
            elif grouped:
                made.setdefault(text_of(values[0]), []).append(values[1])
            else:
                made[text_of(values[0])] = values[1]
            bounded_items(made_list)
        return made_list if node.type == "for_tuple_expr" else bounded_items(made)

    def _name(self, at: Expression, nodes: list[Node]) -> Any:
        words: list[Any] = [text_at(at, [nodes[0]])]
        words += self._steps(at, nodes[1:])
        text = text_at(at, nodes)
        if words[0] in self.own:
            return follow(self.own[words[0]], words[1:], text)
        value, taken = self.names.find(words, text)
        return follow(value, words[taken:], text)

    def _follow(self, at: Expression, value: Any, nodes: list[Node], text: str) -> Any:
        return follow(value, self._steps(at, nodes), text)

    def _steps(self, at: Expression, nodes: list[Node]) -> list[Any]:
        """The words after a name: attributes and indices; None for a splat."""
        words: list[Any] = []
        for node in nodes:
            if node.type == "get_attr":
                words.append(text_at(at, [node.children[-1]]))
            elif node.type == "index":
                inner = node.children[0]
                parts = [child for child in inner.children if child.type == "expression"]
                if parts:
                    words.append(self.nodes(at, parts))
                else:
                    words += [
                        int(word) for word in text_at(at, [node]).split(".") if word.isdecimal() and len(word) < 9
                    ]
            elif node.type == "splat":
                words.append(None)
                words += self._steps(at, node.children[0].children)
        return words


def _choices(node: Node) -> list[Node]:
    """The parts of a conditional. The grammar takes ``a ? b : c ? d : e`` as ``(a ? b : c) ? d : e``; Terraform has
    it the other way round, so the parts of the test come first."""
    parts = [child for child in node.children if child.type == "expression"][:3]
    inner = parts[0].children
    chain = len(inner) == 1 and inner[0].type == "conditional"
    return [*_choices(inner[0]), *parts[1:]] if chain else parts


_SIGNS = {"+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"}


def follow(value: Any, words: list[Any], text: str) -> Any:
    """The value below another, by attributes, indices and splats."""
    for place, word in enumerate(words):
        if isinstance(value, Unknown):
            return Unknown(text, value.refs, value.why)
        if word is None:
            items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]
            return [follow(one, words[place + 1 :], text) for one in items if one is not None]
        if isinstance(word, Unknown):
            return Unknown(text, word.refs, word.why or f"{word.text} is not known")
        try:
            value = value[int(number(word))] if isinstance(value, list) else value[text_of(word)]
        except (KeyError, IndexError, TypeError, ValueError):
            return Unknown(text, (), "there is no such part")
    return value


def text_at(at: Expression, nodes: list[Node]) -> str:
    return at.source[nodes[0].start_byte : nodes[-1].end_byte].decode("utf-8", "replace") if nodes else ""


def _number(text: str) -> Any:
    try:
        return int(text) if text.isdecimal() and len(text) < 16 else whole_number(float(text))
    except ValueError:
        return Unknown(text, (), "no number")


def truth(value: Any) -> bool:
    return value is True or value == "true"
