"""Plays the cases of `tests/faults` on the real cluster; docs/faults.md is for their authors."""
