"""Tests of the pure parts: no cluster, no clock, no model."""
