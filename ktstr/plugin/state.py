"""What the plugin's hooks share in one session: its settings, its kernels, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.remote.settings import remote_settings
from ktstr.base.upkeep import limit_bytes

if TYPE_CHECKING:
    from ktstr.declare.settings import Settings
    from ktstr.plugin.kernels import KernelAxis
    from ktstr.plugin.recorder import Recorder
    from ktstr.plugin.running import Running
    from ktstr.plugin.session import Options

__all__ = ["HANDED", "NAME", "STATE", "State", "handed", "settings_of", "state_of"]

HANDED = "ktstr"
"""The key of the data that the controller hands to its workers."""
NAME = pytest.StashKey[str]()
"""Where a session's name is."""


@dataclass
class State:
    """What the hooks share.

    `kernels` are those that a controller resolved for its workers. `errors` say why the run could not be done, if the
    session goes on nevertheless. `lines` say what was chosen of the tests.
    """

    name: str
    options: Options
    axis: KernelAxis
    kernels: dict[str, dict[str, object]] = field(default_factory=dict)
    recorder: Recorder | None = None
    running: Running | None = None
    errors: list[str] = field(default_factory=list)
    lines: tuple[str, ...] = ()


STATE = pytest.StashKey[State]()
"""Where it is, once it is made."""
_SETTINGS = pytest.StashKey["Settings"]()


def state_of(config: pytest.Config) -> State:
    """The shared state, made when it is first asked for."""
    if STATE not in config.stash:
        from ktstr.plugin.kernels import KernelAxis, kernel_from_json
        from ktstr.plugin.session import options_of

        given = handed(config)
        kernels = {name: kernel_from_json(data) for name, data in given["kernels"].items()} if given else {}
        try:
            remote_settings()  # reports a mistake in them at once
            limit_bytes()
            config.stash[STATE] = State(
                name=config.stash[NAME],
                options=options_of(config, settings_of(config)),
                axis=KernelAxis(settings_of(config).kernels, kernels),
            )
        except KtstrError as error:
            raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
    return config.stash[STATE]


def settings_of(config: pytest.Config) -> Settings:
    """The session's settings: of the command line, else the environment, else pytest's ini file, else the project."""
    if _SETTINGS not in config.stash:
        from ktstr.declare.settings import environment_settings, merged, project_settings
        from ktstr.plugin.options import given, ini_given

        try:
            config.stash[_SETTINGS] = merged(
                given(config),
                environment_settings(),
                ini_given(config),
                project_settings(config.rootpath),
            )
        except KtstrError as error:
            raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
    return config.stash[_SETTINGS]


def handed(config: pytest.Config) -> dict[str, Any] | None:
    """The data that the controller handed to this xdist worker; None in any other process."""
    data: dict[str, Any] | None = getattr(config, "workerinput", {}).get(HANDED)
    return data
