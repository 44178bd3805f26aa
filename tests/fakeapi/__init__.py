"""A small API server of our own: lists in pages, watches, and misbehaves on request.

For what a real cluster of one node cannot be made to do: hold 30,000 pods, send 20,000 events
in one go, cut a watch in the middle of a line. It speaks HTTP like the real one and knows nothing
of Podiatrist; whatever the real API server can be made to show is tested there (`tests/e2e`).
"""
