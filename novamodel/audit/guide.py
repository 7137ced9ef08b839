"""A Markdown guide whose fenced blocks are configuration files: each becomes a file at its lines in the guide."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from novamodel.audit.form import Place, fault
from novamodel.importers.sources import Sources
from novamodel.scenario import Finding
from novamodel.yamlfile import read_text

MOST_BLOCKS = 500
_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})[ \t]*([\w+.-]*)")
_NAME_LINE = re.compile(
    r"^[ \t]*(?:#|//|--|;)[ \t]*([\w.-]+(?:/[\w.-]+){0,8}\.\w{1,12}|(?:[\w.-]+/){0,8}Dockerfile[\w.-]{0,40})[ \t]*$"
)
_NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+){0,8}\.\w{1,12})`")
_ENDINGS = {
    "yaml": "yaml", "yml": "yaml", "json": "json", "nginx": "conf", "javascript": "js", "js": "js", "typescript": "ts",
    "ts": "ts", "bash": "sh", "sh": "sh", "shell": "sh", "sql": "sql", "hcl": "tf", "terraform": "tf", "tf": "tf",
    "python": "py", "py": "py", "go": "go", "ruby": "rb", "java": "java", "ini": "ini", "properties": "properties",
    "conf": "conf", "toml": "toml", "env": "env", "dotenv": "env",
}  # fmt: skip
_PROGRAMS = {
    "an API gateway": (r"\bAPI Gateway\b|\bKong\b", r"kong|api.?gateway|apigatewayv2|tyk|krakend"),
    "the ELK stack": (r"\bELK\b|\bElasticsearch\b|\bLogstash\b|\bKibana\b", r"elastic|logstash|kibana|opensearch"),
    "a Redis Cluster or Sentinel": (
        r"Redis[^\n]{0,40}\(?\bCluster\b|\bRedis Cluster\b",
        r"cluster-enabled|sentinel|elasticache",
    ),
    "Prometheus": (r"\bPrometheus\b", r"prom/prometheus|/prometheus:|aws_prometheus|kind: Prometheus\b|^prometheus"),
    "Grafana": (r"\bGrafana\b", r"grafana/|aws_grafana|^grafana"),
    "Kafka": (r"\bKafka\b", r"kafka|redpanda|aws_msk"),
    "RabbitMQ": (r"\bRabbitMQ\b", r"rabbit|aws_mq"),
}
"""What a text may promise: how it writes it, and how a container or a resource of it is called."""


class Block(NamedTuple):
    """A fenced block: the line of its first line in the guide, and its lines."""

    name: str
    first: int
    lines: list[str]


@dataclass(frozen=True)
class Guide:
    """A guide that has been cut into a folder."""

    name: str
    folder: Path
    prose: list[tuple[int, str]]
    firsts: dict[str, int]

    def placed(self, one: Finding) -> Finding:
        """A finding at its line in the guide; what is said of a whole file stands at its first line."""
        if not one["file"] or one["file"] == self.name:
            return one
        return {**one, "file": self.name, "line": max(one["line"] or 1, self.firsts.get(one["file"], 1))}

    def unmade(self, sources: Sources) -> list[Finding]:
        """Programs that the text names and no block deploys, each at the first place."""
        boxes = [box for group in sources.boxes.values() for box in group]
        made = "\n".join(
            [f"{box.name}\n{box.image_name}\n{box.command}" for box in boxes]
            + [one.type for one in sources.estate.resources]
            + [f"kind: {kind}" for kind in sources.cluster.objects]
        )
        found = []
        for program, (said, called) in _PROGRAMS.items():
            line = next((number for number, text in self.prose if re.search(said, text)), None)
            if line is not None and not re.search(called, made, re.I | re.M):
                message = f"the text names {program}, and no file of it deploys one"
                found.append(
                    fault("named-not-deployed", Place(self.name, line), message, "add it, or correct the text")
                )
        return found


@contextmanager
def guide_of(path: Path) -> Iterator[Guide]:
    """The folder that the blocks of a guide make; a line of a file there is the same line of the guide."""
    lines = read_text(path).splitlines()
    blocks, prose = _blocks(lines)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / (re.sub(r"[^\w-]+", "-", path.stem) or "guide")
        folder.mkdir()
        for block in blocks:
            place = folder / block.name
            if ".." in PurePosixPath(block.name).parts or place.exists():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("\n" * (block.first - 1) + "\n".join(block.lines) + "\n", encoding="utf-8")
        firsts = {block.name: block.first for block in reversed(blocks)}
        yield Guide(path.name, folder, prose, firsts)


def _blocks(lines: list[str]) -> tuple[list[Block], list[tuple[int, str]]]:
    """(fenced blocks as files, the text around them with its lines; diagrams count as text)."""
    blocks: list[Block] = []
    prose: list[tuple[int, str]] = []
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            prose.append((number + 1, lines[number]))
            number += 1
            continue
        end = number + 1
        while end < len(lines) and not lines[end].strip().startswith(fence[2]):
            end += 1
        inside = lines[number + 1 : end]
        before = " ".join(text for _, text in prose[-3:])
        if fence[3] or _NAMED.search(before):
            blocks += _files(fence[3].lower(), before, number + 2, inside)
        else:
            prose += [(number + 2 + at, text) for at, text in enumerate(inside)]
        number = end + 1
    return blocks[:MOST_BLOCKS], prose


def _files(language: str, before: str, first: int, lines: list[str]) -> list[Block]:
    """A block is one file; a comment that is nothing but a file's name begins another."""
    named = _NAMED.findall(before)
    name = named[-1] if named else ""
    parts: list[Block] = []
    held: list[str] = []
    start = first
    for at, line in enumerate(lines):
        match = _NAME_LINE.match(line)
        if match is None:
            held.append(line)
            continue
        if any(text.strip() for text in held):
            parts.append(Block(name or _unnamed(language, start, held), start, held))
        name, held, start = match[1], [], first + at + 1
    if any(text.strip() for text in held):
        parts.append(Block(name or _unnamed(language, start, held), start, held))
    return parts


def _unnamed(language: str, line: int, lines: list[str]) -> str:
    """A name for a block without one, by its language."""
    if language in ("dockerfile", "docker"):
        return f"block-{line}/Dockerfile"
    shell = bool(lines) and lines[0].startswith("#!")
    return f"block-{line}.{'sh' if shell else _ENDINGS.get(language, 'txt')}"
