"""The only code that speaks HTTP: one client per cloud behind one protocol."""
