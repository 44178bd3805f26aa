"""Pods that no node takes."""
