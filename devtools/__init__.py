"""Development tools: run Home Assistant and the simulator as processes of their own.

Used by ``scripts/develop`` and by the end-to-end tests. Nothing here is part of the
integration that users install.
"""
