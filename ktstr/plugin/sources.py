"""The settings of a session, from all places that have some. Every session reads them, so this module stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ktstr.base.errors import KtstrError
from ktstr.plugin.options import given, ini_given

if TYPE_CHECKING:
    from ktstr.declare.settings import Settings

__all__ = ["settings_of"]

_SETTINGS = pytest.StashKey["Settings"]()


def settings_of(config: pytest.Config) -> Settings:
    """The session's settings: of the command line, else the environment, else pytest's ini file, else the project.

    Raises pytest's UsageError from a KtstrError for a mistake in them.
    """
    if _SETTINGS not in config.stash:
        from ktstr.declare.settings import environment_settings, merged, project_settings

        try:
            config.stash[_SETTINGS] = merged(
                given(config),
                environment_settings(),
                ini_given(config),
                project_settings(config.rootpath),
            )
        except KtstrError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_SETTINGS]
