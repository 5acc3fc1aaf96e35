"""Properties in Home Assistant: settings, wiring, entities and repair issues.

A property is a config subentry: a calendar of bookings and the locks that its guests
use (design.md §8). What is decided about it is in ``bookings``.
"""
