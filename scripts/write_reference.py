"""Write docs/spec.md and docs/settings.md from the descriptions in the code.

python scripts/write_reference.py
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from nas.image_set.held_out import SHARES
from nas.images.formats import FORMATS
from nas.service.variables import variables
from nas.spec.fields import FAMILIES, SpecField, spec_fields

DOCS = Path(__file__).parents[1] / "docs"
MADE = "<!-- python scripts/write_reference.py makes this page from the descriptions in the code. -->"
SPEC_HEAD = f"""{MADE}

# Every field of a spec

What a search is told, in the file of `nas run` and `nas search submit` and in the body of `POST /v1/searches`. Only
`dataset` is required. `nas spec explain FIELD` prints one of these rows, `nas spec check SPEC` names all that is wrong
with a file, and the dashboard's form shows the same texts. A plugin without parameters may be written by its name
alone, `searcher: random`, and `folder:photos` is short for `{{name: folder, path: photos}}`. Paths are relative to the
spec's file.
"""
SETTINGS_HEAD = f"""{MADE}

# Every setting

Environment variables, all optional. Options of a command take precedence. How they play together is in
[deployment](deployment.md).
"""
SECTIONS = {
    "dataset": f"""`folder` takes a sub-folder for each class, `photos/cat/1.jpg`; or `train/`, and optionally `val/`
and `test/`, with class folders each. Without `test/`, {SHARES["test"]:.0%} of each class are drawn for it by the
seed, and then without `val/` {SHARES["validation"]:.0%} of what is left: trials are scored
on validation images, finalists on test images. Pictures are {", ".join(FORMATS)},
told by their content, turned as the camera noted, cut to their central square, and resized to `size`. A service takes
the same folder as .zip, .tar or .tar.gz, or as it is by `nas data upload` and `nas search submit`. What was found and
what was left out is said by `nas data show folder:photos`. `evaluator.train_images` bounds what a trial sees of it.
Sets larger than memory need nothing else ([large sets](large_sets.md)).""",
    "space": "Fields of a space of your own; [spaces](spaces.md) has examples and the parameters of blocks.",
    "references": "Each item of the list is a network by name with these parameters; [curves, stems](references.md).",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def spec_page() -> str:
    fields = spec_fields()
    own = [field for field in fields if "." not in field.path]
    head = ("field", "default", "values", "meaning", "change it")
    parts = [SPEC_HEAD, table(head, (_row(field) for field in own))]
    for section in dict.fromkeys(field.path.partition(".")[0] for field in fields if "." in field.path):
        inner = [field for field in fields if field.path.startswith(f"{section}.")]
        text = SECTIONS.get(section, "")
        parts.append(f"## {section}\n" + (f"\n{text}\n" if text else ""))
        parts.append(_plugins(inner) if section in {*FAMILIES, "references"} else table(head, map(_row, inner)))
    return "\n".join(parts)


def settings_page() -> str:
    rows = ((f"`{each.name}`", each.default, each.values, each.meaning) for each in variables())
    return f"{SETTINGS_HEAD}\n{table(('variable', 'default', 'values', 'meaning'), rows)}"


def _row(field: SpecField) -> tuple[str, ...]:
    return f"`{field.path}`", field.default, field.values, field.meaning, field.when


def _plugins(fields: Iterable[SpecField]) -> str:
    """A table of parameters of plugins, each once for all plugins that have it."""
    of = defaultdict(list)
    for field in fields:
        of[_row(field)].append(field.plugin)
    rows = ((path, ", ".join(plugins), *rest) for (path, *rest), plugins in of.items())
    return table(("field", "of", "default", "values", "meaning", "change it"), rows)


PAGES = {DOCS / "spec.md": spec_page, DOCS / "settings.md": settings_page}


def main() -> None:
    for path, text in PAGES.items():
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
