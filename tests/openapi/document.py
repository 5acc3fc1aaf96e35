"""Fetches Seam's OpenAPI document and turns its schemas into JSON Schema."""

import fcntl
import json
from pathlib import Path
import shutil
import subprocess
from typing import Any

PACKAGE = "@seamapi/types"
VERSION = "1.977.0"

_ROOT = Path(__file__).resolve().parents[2]
_CACHE = _ROOT / ".cache" / "seam-types"
_EXTRACT = Path(__file__).with_name("extract.mjs")
_INSTALL_TIMEOUT = 120.0

type Schema = dict[str, Any]


class SeamContractUnavailableError(Exception):
    """The document cannot be had on this machine; the text says why."""


def load_document(path: Path | None = None) -> dict[str, Any]:
    """Return the OpenAPI document in a JSON file, by default the downloaded one.

    Raise SeamContractUnavailableError when node, npm or the package is missing.
    """
    with (path or _downloaded()).open(encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return document


def _downloaded() -> Path:
    """Return the extracted document, fetching it on first use.

    A lock keeps parallel test processes from installing at the same time.
    """
    output = _CACHE / f"openapi-{VERSION}.json"
    if output.exists():
        return output
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SeamContractUnavailableError(
            "node and npm are needed to read Seam's OpenAPI document from the npm "
            f"package {PACKAGE}"
        )
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            _extract(node, npm, output)
    return output


def _extract(node: str, npm: str, output: Path) -> None:
    """Install the package where it is missing, and write the document."""
    manifest = _CACHE / "node_modules" / PACKAGE / "package.json"
    if not _has_version(manifest):
        (_CACHE / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        _run(npm, "install", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}")
    partial = output.with_suffix(".partial")
    _run(node, str(_EXTRACT), str(_CACHE), str(partial))
    partial.replace(output)


def _has_version(manifest: Path) -> bool:
    """Return whether the package is installed in the right version."""
    if not manifest.exists():
        return False
    found = json.loads(manifest.read_text(encoding="utf-8"))["version"]
    return bool(found == VERSION)


def _run(*command: str) -> None:
    """Run a program in the cache folder."""
    try:
        subprocess.run(
            command,
            cwd=_CACHE,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_TIMEOUT,
        )
    except subprocess.CalledProcessError as err:
        raise SeamContractUnavailableError(
            f"{PACKAGE} {VERSION} could not be prepared: {err.stderr[-500:]}"
        ) from err
    except subprocess.TimeoutExpired as err:
        raise SeamContractUnavailableError(
            f"{PACKAGE} {VERSION} could not be downloaded in time"
        ) from err


def json_schema(schema: Any) -> Schema:
    """Return an OpenAPI 3.0 schema as JSON Schema 2020-12.

    `nullable` and boolean `exclusiveMinimum` are what the two differ in here. Unions
    are written as `oneOf` in the document although several branches may fit, so they
    become `anyOf`. References stay as they are.
    """
    result: Schema = {}
    for key, value in schema.items():
        match key:
            case "properties":
                result[key] = {name: json_schema(item) for name, item in value.items()}
            case "items":
                result[key] = json_schema(value)
            case "additionalProperties" if isinstance(value, dict):
                result[key] = json_schema(value)
            case "oneOf" | "anyOf":
                result["anyOf"] = [json_schema(item) for item in value]
            case "allOf":
                result[key] = [json_schema(item) for item in value]
            case "exclusiveMinimum" if value is True:
                result[key] = result.pop("minimum", schema["minimum"])
            case "minimum" if schema.get("exclusiveMinimum") is True:
                continue
            case "format" if value == "float":
                continue
            case "$ref" | "type" | "enum" | "required" | "additionalProperties":
                result[key] = value
            case "format" | "pattern" | "minLength" | "maxLength" | "minItems":
                result[key] = value
            case "maxItems" | "minimum" | "maximum":
                result[key] = value
    if schema.get("nullable") and result:
        return {"anyOf": [result, {"type": "null"}]}
    return result
