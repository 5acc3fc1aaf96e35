"""The brand images: names, sizes, transparency, and that they are what is drawn.

After reference/home-assistant.md §2.3 and the rules for brand images of Home Assistant.
"""

from http import HTTPStatus
from io import BytesIO
from pathlib import Path
import xml.etree.ElementTree as ET

from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
from PIL import Image, ImageChops
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.igloohome_access.const import DOMAIN
from devtools.brand import DARK, HEIGHTS, IMAGES, SOURCES, images

from .flows import INTEGRATION

NAMES = sorted(ALLOWED_IMAGES)


def read(name: str) -> Image.Image:
    """Return a brand image as it is in the integration."""
    return Image.open(IMAGES / name)


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the red, green, blue and opacity of a pixel."""
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def brightness(image: Image.Image) -> float:
    """Return how light what is drawn is on average, 0 to 255."""
    grey, opacity = image.convert("L"), image.getchannel("A")
    opaque = [
        light
        for light, alpha in zip(grey.tobytes(), opacity.tobytes(), strict=True)
        if alpha == 255
    ]
    return sum(opaque) / len(opaque)


def test_names() -> None:
    """Every image that Home Assistant may ask for is there, and nothing else."""
    assert IMAGES == INTEGRATION / "brand"
    assert {path.name for path in IMAGES.iterdir()} == ALLOWED_IMAGES


@pytest.mark.parametrize("name", NAMES)
def test_sizes(name: str) -> None:
    """Icons are squares of 256 pixels, logos are wide; @2x is twice as large."""
    image = read(name)
    assert image.format == "PNG"
    width, height = image.size
    factor = 2 if "@2x" in name else 1
    if "icon" in name:
        assert (width, height) == (256 * factor, 256 * factor)
    else:
        assert 128 * factor <= height <= 256 * factor
        assert width > height
    plain = read(name.replace("@2x", ""))
    assert (plain.width * factor, plain.height * factor) == (width, height)
    # They are loaded with every page that shows the integration.
    assert (IMAGES / name).stat().st_size < 40_000


@pytest.mark.parametrize("name", NAMES)
def test_transparency(name: str) -> None:
    """The background is transparent, and no room is given away around the drawing."""
    image = read(name)
    assert image.mode == "RGBA"
    width, height = image.size
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    assert {pixel(image, *corner)[3] for corner in corners} == {0}
    left, top, right, bottom = image.getchannel("A").getbbox() or (0, 0, 0, 0)
    assert (top, bottom) == (0, height)
    if "logo" in name:
        assert left <= width / 100
        assert right >= width * 0.99
    else:
        # A square around something higher than wide: it is in the middle.
        assert left == width - right
        assert left < width / 10


@pytest.mark.parametrize("name", [name for name in NAMES if "dark_" not in name])
def test_dark(name: str) -> None:
    """On a dark background the same drawing is light, on a light one it is dark."""
    light, dark = read(name), read(f"dark_{name}")
    assert light.size == dark.size
    difference = ImageChops.difference(light.getchannel("A"), dark.getchannel("A"))
    assert difference.getbbox() is None
    assert brightness(light) < 110
    assert brightness(dark) > 160


def test_drawn_from_the_sources() -> None:
    """The images are what scripts/brand draws from the drawings in the repository."""
    drawn = dict(images())
    assert drawn.keys() == ALLOWED_IMAGES
    for name, data in drawn.items():
        kept = read(name)
        fresh = Image.open(BytesIO(data))
        assert kept.size == fresh.size
        # Another version of the renderer may round an edge differently.
        difference = max(ImageChops.difference(kept, fresh).tobytes())
        assert difference <= 8, f"{name}: run scripts/brand"


def test_drawings() -> None:
    """The drawings are shapes only: no font, no picture, nothing from elsewhere."""
    assert {path.name for path in SOURCES.iterdir()} == {
        f"{name}.svg" for name in HEIGHTS
    }
    for name in HEIGHTS:
        tree = ET.parse(SOURCES / f"{name}.svg")  # noqa: S314
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert tags <= {"svg", "title", "g", "path", "rect", "circle"}
        classes = {element.get("class") for element in tree.iter()} - {None}
        # What keeps its colour on a dark background is the key that is pressed.
        assert {each for each in classes if f".{each} " not in DARK} == {"pressed"}


async def test_served(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    """Home Assistant serves them, and needs nobody else for it."""
    assert (await async_get_integration(hass, DOMAIN)).has_branding
    assert await async_setup_component(hass, "brands", {})
    client = await hass_client()
    for name in NAMES:
        answer = await client.get(f"/api/brands/integration/{DOMAIN}/{name}")
        assert answer.status == HTTPStatus.OK
        assert await answer.read() == Path(IMAGES / name).read_bytes()
