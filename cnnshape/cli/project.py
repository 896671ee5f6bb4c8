"""What settings and options ask of models: the files that are looked at, limits, rules ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnnshape.analysis.result import Analysis, unreadable
from cnnshape.diagnostics import UnreadableError
from cnnshape.graph import Claim
from cnnshape.sources.demand import COMMAND_LINE, NO_DEMAND, Demand
from cnnshape.sources.locate import Source, locate
from cnnshape.sources.settings.find import nearest
from cnnshape.sources.spec.shape import UsageError

if TYPE_CHECKING:
    from cnnshape.sources.settings.read import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Take the settings from this file."),
]
NoConfigOption = Annotated[bool, typer.Option("--no-config", help="Read no settings.")]
LimitOption = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=VALUE",
        help="Hold models to a limit: params=5M, macs=600M, memory=2GiB, output=1000.",
    ),
]

BaselineOption = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="Pass over what `cnnshape baseline` has written down."
    ),
]
GrowthOption = Annotated[
    str | None,
    typer.Option(
        "--growth",
        metavar="PERCENT",
        help="Fail if a total grows by more than this, as 5%, against the baseline.",
    ),
]


def known_by(
    baseline: Path | None, growth: str | None
) -> Callable[[Sequence[Analysis]], Sequence[Analysis]]:
    """What takes from analyses all that a baseline knows; UsageError where it means nothing."""
    if baseline is None:
        if growth is not None:
            raise UsageError("--growth is of use with --baseline alone")
        return lambda analyses: analyses
    from cnnshape.cli.known import read_baseline

    return read_baseline(baseline, growth).compared


class Project:
    """Settings by folder, each read once; `limits` are those of the command line."""

    def __init__(
        self,
        config: Path | None = None,
        no_config: bool = False,
        limits: Sequence[str] | None = None,
    ) -> None:
        if config is not None and no_config:
            raise UsageError("--config and --no-config exclude each other")
        self.config = config
        self.reads = not no_config
        self.strict = False
        """Whether settings that were used ask for warnings to count."""
        self._limits: tuple[Claim, ...] = ()
        self._text = ""
        if limits:
            from cnnshape.cli.limits import read

            self._limits, self._text = read(limits)
        self._files: dict[Path, Path | None] = {}
        self._settings: dict[Path, Settings] = {}

    def settings(self, folder: Path) -> Settings | None:
        """The settings that hold in a folder; UnreadableError where something is wrong in them."""
        if not self.reads:
            return None
        if self.config is not None:
            file: Path | None = self.config
        else:
            if folder not in self._files:
                self._files[folder] = nearest(folder)
            file = self._files[folder]
        if file is None:
            return None
        if file not in self._settings:
            from cnnshape.sources.settings.read import read_settings

            self._settings[file] = read_settings(file)
        return self._settings[file]

    def paths(self) -> list[str]:
        """What is checked where nothing is named."""
        settings = self.settings(Path())
        if settings is None or not settings.table.paths:
            raise UsageError("name a PATH to check, or set `paths` in the settings")
        return settings.paths

    def sources(self, path: str) -> list[Source]:
        """The sources behind a PATH, each with what is asked of it."""
        settings = self.settings(_folder(path))
        if settings is None:
            return [self._asked(source, NO_DEMAND) for source in locate(path)]
        self.strict |= settings.table.strict
        found = locate(path, settings.excludes)
        return [self._asked(source, settings.demand(source.path)) for source in found]

    def one(self, path: str) -> Source:
        """The only source behind a PATH."""
        sources = self.sources(path)
        if len(sources) > 1 or sources[0].found:
            raise UsageError(f"{path} is a folder; name one model file")
        return sources[0]

    def asked(self, source: Source, path: str) -> Source:
        """A source that is no file here, with what is asked of the file at a path."""
        settings = self.settings(_folder(path))
        return self._asked(source, settings.demand(path) if settings else NO_DEMAND)

    def _asked(self, source: Source, demand: Demand) -> Source:
        """What the command line limits is not limited by the settings."""
        if self._limits:
            given = {claim.figure for claim in self._limits}
            kept = (claim for claim in demand.limits if claim.figure not in given)
            demand = demand._replace(
                limits=(*kept, *self._limits), texts={**demand.texts, COMMAND_LINE: self._text}
            )
        return source if demand is NO_DEMAND else source._replace(demand=demand)


def refused(error: UnreadableError) -> Analysis:
    """Settings with a fault, as what is told of a file that cannot be read."""
    span = error.diagnostics[0].span
    return unreadable(error, span.file if span else "")


def _folder(path: str) -> Path:
    """Where a PATH's settings are looked for from; a bundled name is of the working directory."""
    place = Path(path.partition(".py:")[0]) if ".py:" in path else Path(path)
    try:
        if place.is_dir():
            return place
        return place.parent
    except (OSError, ValueError):
        return Path()
