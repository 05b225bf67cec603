"""Cards for notebooks: HTML of a few lines. Everything that comes from the service is escaped."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, PAD = 360, 180, 12

BOX = "border:1px solid #8886;border-radius:6px;padding:8px 12px;display:inline-block;font:13px system-ui,sans-serif"
LABEL = "text-align:left;font-weight:normal;opacity:.65;padding:1px 12px 1px 0"


def card(title: str, rows: Mapping[str, object], drawing: str = "") -> str:
    """A titled box with one line a row; rows without a value are left out. drawing is HTML already."""
    lines = "".join(
        f'<tr><th style="{LABEL}">{escape(label)}</th><td style="text-align:left">{escape(str(value))}</td></tr>'
        for label, value in rows.items()
        if value is not None
    )
    return f'<div style="{BOX}"><strong>{escape(title)}</strong><table>{lines}</table>{drawing}</div>'


def front_drawing(points: Sequence[tuple[float, float]], target: float | None) -> str:
    """The points (latency, accuracy) as an inline SVG, joined in the order of latency; a dashed line at the target."""
    if not points:
        return ""
    points = sorted(points)
    across = _scale([x for x, _ in points] + ([] if target is None else [target]), PAD, WIDTH - PAD)
    up = _scale([y for _, y in points], HEIGHT - PAD, PAD)
    places = [(_place(x, across), _place(y, up)) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#2563eb"><title>{ms:.4g} ms, {share:.2%}</title></circle>'
        for (x, y), (ms, share) in zip(places, points, strict=True)
    )
    limit = ""
    if target is not None:
        x = _place(target, across)
        limit = f'<path d="M{x:.1f} {PAD}V{HEIGHT - PAD}" stroke="#dc2626" stroke-dasharray="4 3"/>'
    return (
        f'<svg role="img" aria-label="Pareto front" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'{limit}<polyline points="{line}" fill="none" stroke="#2563eb"/>{dots}</svg>'
    )


def _scale(values: Sequence[float], start: float, end: float) -> tuple[float, float, float, float]:
    low, high = min(values), max(values)
    return low, (high - low) or 1.0, start, end


def _place(value: float, scale: tuple[float, float, float, float]) -> float:
    low, span, start, end = scale
    return start + (value - low) / span * (end - start)
