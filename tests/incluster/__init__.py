"""Podiatrist as users run it: its image in pods of a real kubelet, installed from `deploy/`."""
