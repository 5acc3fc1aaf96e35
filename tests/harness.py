"""Make the Home Assistant test harness work on both supported releases.

A pytest plugin, loaded before the harness by ``-p tests.harness`` (pyproject.toml).
The harness is made for 2026.10; on 2026.11 two of its imports fail, see
reference/home-assistant.md §9.1. On 2026.10 this does nothing.
"""

# First of all: Home Assistant 2026.11 replaces httpx by an alias and refuses to start
# when the harness has imported the real one before it.
import homeassistant  # noqa: F401
from homeassistant.components import logger
from homeassistant.components.logger import helpers

# The harness patches this function by the name it had in 2026.10.
_NAME = "_clear_logger_overwrites"

if not hasattr(logger, _NAME):
    setattr(logger, _NAME, getattr(helpers, _NAME))
