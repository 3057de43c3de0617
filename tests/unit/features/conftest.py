"""A small project of short tones."""

from tests.support.small_collection import make_params, params, project  # noqa: F401
