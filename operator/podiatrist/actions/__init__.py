"""Fixes are data: typed actions from a closed set, and the compiler to exact patches."""
