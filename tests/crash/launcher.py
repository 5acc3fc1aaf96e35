"""Start Home Assistant so that it kills itself around a write of the ledger.

Reads the file ``crash_point`` in the configuration folder at each write of a ledger: it
holds ``N:WHERE``, and the N-th write from now is the last thing the process does.
``WHERE`` is ``before`` the write, in the ``middle`` of it (half the data in a temporary
file, as an atomic write has it) or ``after`` it. Run as a script, like
devtools/loopback_hass.py, whose work it does otherwise.
"""

import os
from pathlib import Path
import signal
import sys
from typing import Any

from homeassistant.helpers import storage

_FOLDER = Path(sys.argv[sys.argv.index("--config") + 1])
_POINT = _FOLDER / "crash_point"
_LEDGER = "igloohome_access.ledger_"

_NAME = "write_utf8_file_atomic"
_write = getattr(storage, _NAME)


def _die() -> None:
    _POINT.unlink(missing_ok=True)
    os.kill(os.getpid(), signal.SIGKILL)


def _write_or_die(
    filename: str, utf8_data: str | bytes, *args: Any, **kwargs: Any
) -> None:
    """Write a file of the storage, unless this is the moment to die."""
    if _LEDGER not in filename or not _POINT.exists():
        _write(filename, utf8_data, *args, **kwargs)
        return
    countdown, where = _POINT.read_text(encoding="utf-8").split(":")
    if int(countdown) > 1:
        _POINT.write_text(f"{int(countdown) - 1}:{where}", encoding="utf-8")
        _write(filename, utf8_data, *args, **kwargs)
        return
    if where == "before":
        _die()
    data = utf8_data.encode() if isinstance(utf8_data, str) else utf8_data
    if where == "middle":
        Path(f"{filename}.half").write_bytes(data[: len(data) // 2])
        _die()
    _write(filename, utf8_data, *args, **kwargs)
    _die()


if __name__ == "__main__":
    setattr(storage, _NAME, _write_or_die)
    # Only for this import: Home Assistant is to find the integration in its own folder.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
    from devtools import loopback_hass

    sys.path.pop(0)
    sys.exit(loopback_hass.main())
