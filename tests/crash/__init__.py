"""Crash tests: an executor that is killed or unanswered at any of its writes, and two at once."""
