"""Tests of the simulator, over loopback HTTP."""
