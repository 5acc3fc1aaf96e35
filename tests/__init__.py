"""Tests of igloohome Access, its simulator and its development tools."""
