"""Pods that are never made."""
