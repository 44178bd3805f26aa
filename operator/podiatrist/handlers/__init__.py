"""The doors to the cluster: Kopf handlers that parse, call one function, and return nothing.

Kopf writes a handler's return value into the object's status and an exception's text into its
annotations; neither is wanted on anybody's objects, so handlers return None and do not raise.
"""
