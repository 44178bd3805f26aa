"""Settings of all unit tests."""

from hypothesis import settings

# A busy machine is no fault of the code: time is measured only where a test says so.
settings.register_profile("unit", deadline=None, max_examples=60)
settings.load_profile("unit")
