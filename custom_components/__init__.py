"""Custom integrations of this repository, as Home Assistant finds them."""
