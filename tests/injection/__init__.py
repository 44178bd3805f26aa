"""Hostile texts, and a model that obeys them."""
