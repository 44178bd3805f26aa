"""Pods that ended, or should have."""
