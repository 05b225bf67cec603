"""The documentation that the service brings along: its operations and its errors, as plain pages without scripts."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.http.problems import REASONS, kebab

router = APIRouter(prefix="/docs", include_in_schema=False)

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
h2 { margin-top: 2.5rem; } h3 { margin-bottom: .25rem; } h3 code { font-weight: 600; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top; }
.method { display: inline-block; min-width: 4.5rem; }
p { white-space: pre-line; }
"""


@router.get("")
def operations(request: Request) -> HTMLResponse:
    schema = request.app.openapi()
    groups: dict[str, list[str]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append("".join(_operation(method, path, operation)))
    parts = [f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items()]
    links = '<p><a href="openapi.json">openapi.json</a> · <a href="docs/problems">errors</a></p>'
    return _page("HTTP API", links + "".join(parts), "docs/style.css")


@router.get("/problems")
def problems() -> HTMLResponse:
    parts = (
        f'<h2 id="{kebab(name)}"><code>{name}</code></h2>'
        f"<p>Status {reason.status.value}. {escape(reason.title)}. {escape(reason.remedy)}</p>"
        for name, reason in REASONS.items()
    )
    return _page("Errors", "".join(parts), "style.css")


@router.get("/style.css")
def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3><code><span class="method">{method.upper()}</span> {escape(path)}</code></h3>'
    yield f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        rows = (
            f"<tr><td><code>{escape(p['name'])}</code></td>"
            f"<td>{p['in']}{', required' if p.get('required') else ''}</td>"
            f"<td>{escape(p.get('description', ''))}</td></tr>"
            for p in parameters
        )
        yield f"<table>{''.join(rows)}</table>"
    content = operation.get("requestBody", {}).get("content", {})
    bodies = ", ".join(f"<code>{escape(media)}</code> {escape(_name(body))}" for media, body in content.items())
    if bodies:
        yield f"<p>Body: {bodies}</p>"
    answers = ", ".join(sorted(status for status in operation["responses"] if status < "4"))
    yield f"<p>Answers {answers}</p>"


def _name(body: Mapping[str, Any]) -> str:
    reference: str = body.get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]


def _page(title: str, content: str, style: str) -> HTMLResponse:
    head = f'<meta charset="utf-8"><title>{title}: nas</title><link rel="stylesheet" href="{style}">'
    body = f"<h1>{title}</h1>{content}"
    return HTMLResponse(f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')
