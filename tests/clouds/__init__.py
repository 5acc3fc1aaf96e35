"""Tests of the clients of both clouds, over loopback HTTP."""
