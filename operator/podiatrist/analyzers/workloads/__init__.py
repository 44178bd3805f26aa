"""Rollouts that stand still."""
