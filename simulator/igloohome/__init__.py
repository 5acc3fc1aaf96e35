"""igloohome's cloud: token server and API (reference/igloohome-api.md)."""

from .cloud import IgloohomeCloudSim
from .state import IssuedPin
from .switches import IgloohomeSwitches

__all__ = ["IgloohomeCloudSim", "IgloohomeSwitches", "IssuedPin"]
