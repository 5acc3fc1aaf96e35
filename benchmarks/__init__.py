"""How much igloohome Access asks of the clouds and of the computer it runs on.

A Home Assistant runs in this process and the simulator in another one, so that the
processor time measured here is Home Assistant's alone. Started by scripts/benchmark.
"""

# Before the harness is imported anywhere: it makes that work on every version.
import tests.harness  # noqa: F401
