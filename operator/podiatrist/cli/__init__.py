"""The command line: a thin door for people and for the container's entry point."""
