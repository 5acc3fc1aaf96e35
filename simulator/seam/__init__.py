"""Seam's cloud as far as igloohome locks need it (reference/seam-api.md §16)."""

from .cloud import Exchange, SeamCloudSim
from .switches import SeamSwitches

__all__ = ["Exchange", "SeamCloudSim", "SeamSwitches"]
