"""The demo: two sick Deployments, noticed, explained, approved and healed on a real cluster."""
