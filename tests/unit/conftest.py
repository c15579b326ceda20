"""What all unit tests share."""

from hypothesis import settings

# No verdict depends on how busy the host is, nor on chance.
settings.register_profile("ktstr", deadline=None, derandomize=True)
settings.load_profile("ktstr")
