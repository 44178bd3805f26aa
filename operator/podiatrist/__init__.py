"""Podiatrist: a doctor for pods."""
