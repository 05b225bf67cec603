"""Pictures of the dashboard for the documents: each page in light and dark, small enough to live in the repository."""

import io
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COLOURS = 256


class Album:
    """Puts NAME-light.png and NAME-dark.png into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str) -> None:
        """What the window shows now, with the mouse out of the way and nothing moving."""
        self.names.append(name)
        page.mouse.move(0, 0)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            png = page.screenshot(animations="disabled", caret="hide")
            with Image.open(io.BytesIO(png)) as image:
                few = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(self.folder / f"{name}-{scheme}.png", optimize=True)
        page.emulate_media(color_scheme="light")
