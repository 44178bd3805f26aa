"""Notifications: what becomes of Diagnoses, told outside the cluster.

Nothing waits for them and nothing is decided by them: a receiver that is dead costs a line in the
log and a count. docs/notifications.md is for users.
"""
