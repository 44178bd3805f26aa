"""What demo, `make dev` and the tests share: Podiatrist from the source, on a real cluster."""
