"""Tests of the bookings: tables, properties, and a year in a small world."""
