"""The conversation with a human at a terminal: the same loop, their own rights, their own yes."""
