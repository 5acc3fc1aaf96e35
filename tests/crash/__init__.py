"""Killing Home Assistant at the worst moments: nothing doubled, nothing lost."""
