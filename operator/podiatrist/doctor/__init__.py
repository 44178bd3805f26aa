"""The doctor's own doctor: is Podiatrist installed as it should be, and if not, what to do.

`read.py` reads the installation once, the `checks` are pure functions over what was read, and
`examine.py` puts them together. Only what was shipped counts as right (`shipped.py`).
"""
