"""What makes a site of the pages in docs/: Sphinx' settings, and pages written from the code."""
