"""Find faults of accessibility with axe-core, which scripts/setup installs."""

from functools import cache
from typing import Any

from playwright.async_api import Locator
import pytest

from devtools.hass_config import PROJECT_ROOT

_SCRIPT = PROJECT_ROOT / ".cache/axe-core/node_modules/axe-core/axe.min.js"
_GRAVE = ("serious", "critical")

#: Colours of links, buttons and fields are those of Home Assistant's theme. To be
#: left out where nothing but its own components is shown, as in the dialogs of flows.
THEME = ("color-contrast",)

_RUN = """async (root, [graveness, without]) => {
  const result = await axe.run(root, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: Object.fromEntries(without.map(rule => [rule, {enabled: false}])),
  });
  return {
    passed: result.passes.length,
    violations: result.violations
      .filter(found => graveness.includes(found.impact))
      .flatMap(found => found.nodes.map(node => ({
        rule: found.id, help: found.help,
        path: node.target.flat(Infinity).join(" >> "),
        summary: node.failureSummary,
      }))),
  };
}"""


@cache
def _script() -> str | None:
    """Return the source of axe-core, None where node is missing."""
    return _SCRIPT.read_text(encoding="utf-8") if _SCRIPT.exists() else None


async def grave_findings(root: Locator, without: tuple[str, ...] = ()) -> list[str]:
    """Return the serious and critical findings in an element, one line each.

    ``without`` names rules that are not to be checked.

    Skips the test where axe-core could not be installed. Raises AssertionError if
    axe found nothing to check at all: then the element is not what it should be.
    """
    script = _script()
    if script is None:
        pytest.skip("axe-core is not installed: it needs npm (scripts/setup node)")
    await root.page.evaluate(f"window.axe ?? (() => {{ {script} }})()")
    result: dict[str, Any] = await root.evaluate(_RUN, [_GRAVE, without])
    assert result["passed"] > 3, "axe-core found next to nothing to check"
    return [
        f"{found['rule']} ({found['help']}) at {found['path']}: {found['summary']}"
        for found in result["violations"]
    ]
