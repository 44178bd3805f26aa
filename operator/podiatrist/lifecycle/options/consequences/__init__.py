"""What an option would do beyond the objects it changes: pure, over a snapshot and a dry run."""
