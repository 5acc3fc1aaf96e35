"""End to end: a real Home Assistant and the simulator as processes of their own."""
