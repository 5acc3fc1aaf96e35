"""Draw the brand images of the integration from assets/brand/*.svg.

Home Assistant serves them from the folder ``brand`` of the integration
(reference/home-assistant.md §2.3). Run by ``scripts/brand``; tests hold the
images in the repository against what this draws.
"""

from collections.abc import Iterator
from pathlib import Path

import resvg_py

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "assets/brand"
IMAGES = ROOT / "custom_components/igloohome_access/brand"

HEIGHTS = {
    # Twice as high for screens with twice the pixels. An icon is square; the shorter
    # side of a logo may have 128 to 256 pixels.
    "icon": (256, 512),
    "logo": (128, 256),
}

DARK = """
.ring { stroke: #5cc6d6 }
.body { fill: #d6eef2 }
.key { fill: #123b4a }
.word { stroke: #e6f4f6 }
.second { stroke: #5cc6d6 }
"""
"""What the classes of the drawings look like on a dark background."""


def images() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of every image."""
    for name, heights in HEIGHTS.items():
        for prefix, style in (("", None), ("dark_", DARK)):
            for suffix, height in zip(("", "@2x"), heights, strict=True):
                drawn = resvg_py.svg_to_bytes(
                    svg_path=str(SOURCES / f"{name}.svg"),
                    height=height,
                    style_sheet=style,
                    skip_system_fonts=True,
                )
                yield f"{prefix}{name}{suffix}.png", drawn


def main() -> None:
    """Write all images."""
    IMAGES.mkdir(exist_ok=True)
    for name, drawn in images():
        (IMAGES / name).write_bytes(drawn)
        print(f"{name}: {len(drawn)} bytes")


if __name__ == "__main__":
    main()
