"""Settings that every test shares."""

from hypothesis import settings

# The same examples on every run and no time limit on one example: a shared machine is slow at times.
settings.register_profile("novamodel", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("novamodel")
