"""The conversation: one user, their own rights, a record of what was done, changes they confirm.

`conversation.py` takes a line and answers it; `tools.py` is what the model may ask for. A model
never confirms anything: that is between `changes.py` and the `Screen`.
"""
