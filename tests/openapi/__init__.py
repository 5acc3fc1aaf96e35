"""Check requests and answers against Seam's own OpenAPI document.

The document is part of the npm package `@seamapi/types`, a development download that
is not committed: `document.py` fetches it into `.cache/`.
"""

from .contract import SeamContract
from .document import SeamContractUnavailableError

__all__ = ["SeamContract", "SeamContractUnavailableError"]
