"""Builds the image from the Dockerfile where no registry can be reached, and hands it to a cluster.

The real Dockerfile, run by buildah; only what it starts from is a stand-in: Debian's own Python in
place of the official image, and the kubectl that the test cluster was built with.
"""
