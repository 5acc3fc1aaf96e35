"""Properties: calendars of bookings in Home Assistant, and their codes."""
