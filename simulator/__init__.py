"""A local stand-in for the two clouds that igloohome Access talks to.

``python -m simulator`` serves igloohome's API and Seam's API over HTTP on the
loopback interface. Tests start the same server in their own event loop::

    sim = Simulator(scenario="test")
    await sim.start()
    ...
    await sim.stop()
"""

from .server import Simulator

__all__ = ["Simulator"]
