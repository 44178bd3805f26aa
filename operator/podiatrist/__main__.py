"""Lets `python -m podiatrist` do what the `podiatrist` command does."""

from podiatrist.cli.main import main

main()
