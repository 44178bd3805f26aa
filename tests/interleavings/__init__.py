"""Random interleavings of people, both roles and their crashes, on a real API server."""
