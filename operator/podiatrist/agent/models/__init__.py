"""Models behind an OpenAI-compatible endpoint: with tool calls of their own, or by steps in JSON.

`make_model.py` chooses.
"""
