"""The checks: pure functions from an Installation to verdicts, one file for each thing."""
