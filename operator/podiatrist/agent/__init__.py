"""The agent: a system prompt, a list of tools, and a loop that calls the model.

Start with `loop.py`. The files beside it are what the loop is handed; `models/` are models to hand
in, `consultation/` is what the loop is for in the operator, `recording/` keeps what was said.
"""
