"""Nodes in trouble."""
