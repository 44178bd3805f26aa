"""The agent: a system prompt, a list of tools, and a loop that calls the model.

Start with `loop.py`.
"""
