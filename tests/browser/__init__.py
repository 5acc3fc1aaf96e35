"""What people see and do, in a real browser with a real Home Assistant."""
