"""One look of a model at a sick workload: what it is told, and what is kept of what it says.

Start with `investigation.py`.
"""
