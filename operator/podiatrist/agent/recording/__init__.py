"""What went between agent, model and tools, written down and played again."""
