"""What the documents tell people to type: fenced and indented blocks, and commands in the middle of a sentence."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
PROGRAMS = ("nas", "make", "python", "curl", "docker", "ray", "sh", "pytest", "pip", "sqlite3", "rsync", "pg_dump")

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True, slots=True)
class Block:
    """language: as the fence names it; `sh` for indented lines that begin with a program."""

    document: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}: {self.text.splitlines()[0][:60]}"

    @property
    def commands(self) -> list[str]:
        """Its lines, those joined that a backslash or a quote continues."""
        found, begun = [], ""
        for line in self.text.splitlines():
            begun += line
            if line.endswith("\\") or _open(begun):
                begun = begun.removesuffix("\\") + ("" if line.endswith("\\") else "\n")
                continue
            found.append(begun)
            begun = ""
        return [command for command in found if command.strip()]


def _open(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return True
    return False


def program(command: str) -> str | None:
    """The one of PROGRAMS that the command runs, variables before it left out."""
    words = [word for word in command.split() if not re.match(r"[A-Z_]+=", word)]
    name = words[0].removeprefix(".venv/bin/") if words else ""
    return name if name in PROGRAMS and len(words) > 1 else None


def blocks(document: Path) -> list[Block]:
    text, name = document.read_text(encoding="utf-8"), str(document.relative_to(ROOT))
    fenced = [Block(name, language, body) for language, body in _FENCED.findall(text)]
    rest = _FENCED.sub("", text)
    bodies = [re.sub("^ {4}", "", body, flags=re.MULTILINE) for body in _INDENTED.findall(rest)]
    return fenced + [Block(name, "sh", body) for body in bodies if all(map(program, body.splitlines()))]


def inline(document: Path) -> list[str]:
    """Commands in sentences and tables: what is in backquotes and begins with a program."""
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    return [code for code in _INLINE.findall(text) if program(code)]


def all_blocks(*languages: str) -> list[Block]:
    return [block for document in DOCUMENTS for block in blocks(document) if block.language in languages]


def code_of(document: str, name: str) -> str:
    """The Python block that follows the mention of the file `name` in a document."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return re.search(rf"`{re.escape(name)}`:\n\n```python\n(.*?)```", text, re.DOTALL)[1]
