"""A module as it is called: its variables, locals, outputs and resources, and what names mean inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from novamodel.importers.terraform.evaluate import Evaluator, Work, follow
from novamodel.importers.terraform.syntax import Block, Expression, parse_template
from novamodel.importers.terraform.typed import with_type
from novamodel.importers.terraform.values import TooMuch, Unknown, number, text_of

MAX_INSTANCES = 50
"""Instances of one block that are worked out one by one; more are taken to be like the first."""


@dataclass
class Folder:
    """What the folder that was named gives to its modules: texts of files inside it, and a bound on the work."""

    text: Callable[[str], str | None]
    """The text of a file by its path inside the folder; None where there is none, or where it leads outside."""
    work: Work = field(default_factory=Work)
    region: Any = None
    workspace: str = "default"


@dataclass
class Module:
    """One call of a module; ``prefix`` is the address of what it makes, such as ``module.api.``."""

    folder: Folder
    path: str
    blocks: list[Block]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    root: str = ""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Regions of the providers that its caller hands over, by their names in here; empty: the one without an alias."""
    children: dict[str, list[tuple[Any, Module]]] = field(default_factory=dict)
    _memo: dict[str, Any] = field(default_factory=dict)
    _index: dict[tuple[str, ...], Block] = field(default_factory=dict)
    _locals: dict[str, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for block in self.blocks:
            if block.kind == "locals":
                self._locals |= block.attributes
            else:
                self._index.setdefault((block.kind, *block.labels), block)

    @property
    def evaluator(self) -> Evaluator:
        """Evaluates expressions with this module's names."""
        return Evaluator(self, self.folder.work)

    def value(self, block: Block, key: str, own: Mapping[str, Any] | None = None) -> Any:
        """An attribute of a block; None where it is not written."""
        expression = block.attributes.get(key)
        return None if expression is None else Evaluator(self, self.folder.work, own or {}).value(expression)

    def find(self, words: list[Any], text: str) -> tuple[Any, int]:
        """The value that a name stands for, and how many of its words it took."""
        head = words[0]
        second = words[1] if len(words) > 1 and isinstance(words[1], str) else ""
        if head in ("var", "local") and second:
            return self._once(f"{head}.{second}", self._variable if head == "var" else self._local, second), 2
        if head == "path":
            return {"module": self.path or ".", "root": self.root or "."}.get(second, "."), 2
        if head == "terraform":
            return self.folder.workspace if second == "workspace" else Unknown(text), 2
        if head in ("count", "each", "self"):
            return Unknown(text, (), f"{head} is not known"), len(words)
        if head == "module" and second:
            return self._output(words, text)
        if head == "data" and len(words) > 2:
            return self._data(words, text), len(words)
        if second and ("resource", str(head), second) in self._index:
            return self._resource(words, text), len(words)
        return Unknown(text, (), f"{text} is declared nowhere" if second else ""), len(words)

    def read(self, name: str, args: list[Any]) -> Any:
        """A function that reads a file: only files inside the folder that was named."""
        known = args and isinstance(args[0], str)
        if not known:
            return Unknown(f"{name}(...)", (), "the path is not known")
        if name in ("abspath", "pathexpand"):
            return args[0]
        if name in ("basename", "dirname"):
            head, _, tail = args[0].rpartition("/")
            return tail if name == "basename" else head or "."
        content = self.folder.text(args[0])
        if content is None and self.root and not args[0].startswith("/"):
            content = self.folder.text(f"{self.root}/{args[0]}")  # Terraform runs in the folder that is applied
        if name == "fileexists":
            return content is not None
        if content is None or name == "filebase64":
            return Unknown(f"{name}(...)", (), f"{args[0][:80]} is not a file inside the folder")
        if name == "file" or len(args) < 2 or not isinstance(args[1], dict):
            return content
        return self.template(content, args[0], args[1])

    def template(self, content: str, file: str, names: Mapping[str, Any]) -> Any:
        """A template file with the values of its names."""
        parsed = parse_template(content, file, 1)
        if parsed is None:
            return Unknown("templatefile(...)", (), f"{file} cannot be parsed")
        return Evaluator(self, self.folder.work, dict(names)).value(parsed)

    def _once(self, key: str, make: Callable[[str], Any], name: str) -> Any:
        if key not in self._memo:
            self._memo[key] = Unknown(key, (), "it refers to itself")
            self._memo[key] = make(name)
        return self._memo[key]

    def _variable(self, name: str) -> Any:
        block = self._index.get(("variable", name))
        if name in self.inputs:
            given = self.inputs[name]
            value = given() if callable(given) else given
            fallback = block is not None and value is None and self.value(block, "nullable") is False
            if not fallback:
                return with_type(block, value, self.evaluator)
        if block is not None and "default" in block.attributes:
            return with_type(block, self.value(block, "default"), self.evaluator)
        why = f"var.{name} is given elsewhere" if block else f"var.{name} is declared nowhere"
        return Unknown(f"var.{name}", (), why)

    def _local(self, name: str) -> Any:
        expression = self._locals.get(name)
        if expression is None:
            return Unknown(f"local.{name}", (), f"local.{name} is declared nowhere")
        return self.evaluator.value(expression)

    def _output(self, words: list[Any], text: str) -> tuple[Any, int]:
        calls = self.children.get(words[1], [])
        if not calls:
            return Unknown(text, (f"{self.prefix}module.{words[1]}",), f"module {words[1]} is not here"), len(words)
        if len(words) > 2 and words[2] is None:
            return [child.output(words[3], text) for _, child in calls if len(words) > 3], 4
        keyed = calls[0][0] is not None
        if keyed and len(words) > 3:
            chosen = next((child for key, child in calls if text_of(key) == text_of(words[2])), None)
            return (chosen.output(words[3], text) if chosen else Unknown(text)), 4
        if not keyed and len(words) > 2 and isinstance(words[2], str):
            return calls[0][1].output(words[2], text), 3
        return Unknown(text), len(words)

    def output(self, name: str, text: str) -> Any:
        """An output of this module."""
        block = self._index.get(("output", str(name)))
        if block is None:
            return Unknown(text, (), f"there is no output {name}")
        return self._once(f"output.{name}", lambda _: self.value(block, "value"), str(name))

    def _data(self, words: list[Any], text: str) -> Any:
        kind, name = str(words[1]), str(words[2])
        if kind == "aws_region" and isinstance(self.folder.region, str):
            return self.folder.region
        block = self._index.get(("data", kind, name))
        if block is not None and kind == "template_file" and words[-1] == "rendered":
            content = self.value(block, "template")
            names = self.value(block, "vars")
            for inner in block.inner("vars"):  # as it was written before Terraform 0.12
                names = {key: self.value(inner, key) for key in inner.attributes}
            if isinstance(content, str):
                return self.template(content, block.file, names if isinstance(names, dict) else {})
        if block is not None and len(words) == 4 and words[3] in block.attributes:
            return self.value(block, words[3])
        return Unknown(text, (f"{self.prefix}data.{kind}.{name}",), f"data {kind} is asked for when Terraform runs")

    def _resource(self, words: list[Any], text: str) -> Any:
        """An attribute of a resource as it is written; what it is given when it is made refers to it."""
        kind, name = str(words[0]), str(words[1])
        address = f"{self.prefix}{kind}.{name}"
        block = self._index["resource", kind, name]
        rest = words[2:]
        key: Any = None
        many = "count" in block.attributes or "for_each" in block.attributes
        if rest and (rest[0] is None or (many and not (isinstance(rest[0], str) and rest[0] in block.attributes))):
            key, rest = rest[0], rest[1:]
            if key is None:
                found = self.instances(block)
                if isinstance(found, Unknown):
                    return Unknown(text, (address,), found.why)
                return [self._attribute(block, rest, own, address, text) for _, own in found]
        own = {"each": {"key": key, "value": Unknown(text)}, "count": {"index": key}} if many else {}
        if many and not isinstance(key, Unknown):
            found = self.instances(block)
            if not isinstance(found, Unknown):
                own = next((names for one, names in found if text_of(one) == text_of(key)), own)
                if not rest and key is None:
                    return {text_of(one): Unknown(text, (address,)) for one, _ in found}
        return self._attribute(block, rest, own, address, text)

    def _attribute(self, block: Block, rest: list[Any], own: Mapping[str, Any], address: str, text: str) -> Any:
        if rest and isinstance(rest[0], str) and rest[0] in block.attributes:
            value = self._once_at(f"{address}{sorted(map(text_of, own.values()))}.{rest[0]}", block, rest[0], own)
            return follow(value, rest[1:], text)
        return Unknown(text, (address,), f"{address} is made when Terraform runs")

    def _once_at(self, memo: str, block: Block, key: str, own: Mapping[str, Any]) -> Any:
        if own:
            return self.value(block, key, own)
        return self._once(memo, lambda _: self.value(block, key), key)

    def instances(self, block: Block) -> list[tuple[Any, dict[str, Any]]] | Unknown:
        """(key, names of its own) of each instance of a block; ``Unknown`` where their number is not known."""
        if "count" in block.attributes:
            count = self.value(block, "count")
            if isinstance(count, Unknown):
                return count
            try:
                many = int(number(count)) if count is not None else 1
            except ValueError:
                return Unknown(text_of(count), (), "count is no number")
            if many > 10_000:
                raise TooMuch("a count of more than 10,000")
            return [(at, {"count": {"index": at}}) for at in range(max(0, many))]
        if "for_each" in block.attributes:
            over = self.value(block, "for_each")
            if isinstance(over, Unknown):
                return over
            pairs = over.items() if isinstance(over, dict) else [(one, one) for one in over or []]
            return [(key, {"each": {"key": key, "value": value}}) for key, value in pairs]
        return [(None, {})]
