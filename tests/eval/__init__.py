"""One small model, the same faults, two agents: who names the cause? docs/eval.md shows it."""
