"""Containers that cannot be made: configuration, users, mounts, sandboxes."""
