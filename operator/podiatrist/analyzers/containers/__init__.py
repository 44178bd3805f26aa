"""Containers that crash, or run and fail their probes."""
