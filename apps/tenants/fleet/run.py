"""A run from its lock to its end: the template, then wave after wave, then whoever came late."""

from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import groupby

from django.db import InterfaceError, OperationalError, ProgrammingError, transaction
from django.utils.translation import gettext as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict
from apps.tenants.enums import MigrationStatus
from apps.tenants.fleet import manifest
from apps.tenants.fleet.lock import run_lock
from apps.tenants.fleet.ordinary import Ordinary
from apps.tenants.fleet.outcome import ConnectionLost, Outcome, Timeouts, is_lost
from apps.tenants.fleet.plan import LATE_WAVE, TEMPLATE_WAVE, waves
from apps.tenants.fleet.progress import Display
from apps.tenants.fleet.record import Recorder, Script
from apps.tenants.fleet.replay import Replayer
from apps.tenants.fleet.scan import Scan, fleet_scan, place_again
from apps.tenants.fleet.workers import Work, in_parallel
from apps.tenants.models import MigrationRun, MigrationTarget
from apps.tenants.roles import tenant_role_create
from apps.tenants.schemas import TEMPLATE, Key, known_migrations, version_of


@dataclass(frozen=True, slots=True)
class Options:
    """jobs: threads and connections at a time. 4: with more, PostgreSQL's catalogue is what limits."""

    canaries: int = 5
    jobs: int = 4
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(frozen=True, slots=True)
class Result:
    """run: None if there was nothing to migrate. current: tenants that had nothing to do."""

    run: MigrationRun | None
    tenants: int
    current: int
    roles_created: list[str]


def fleet_migrate(
    *, actor: Actor, options: Options, resume: bool = False, display: Display
) -> Result:
    """Bring the template and every tenant to this release's version.

    Holds the run's lock, and TEMPLATE_LOCK while the template migrates. Raises Conflict if another runs, or
    if there is nothing to resume, and ConnectionLost: then, as after a kill, it can be resumed.
    """
    require_platform(actor)
    try:
        with run_lock():
            scan = fleet_scan()
            run = _resume(scan) if resume else _start(scan, actor, options)
            roles = _create_missing_roles(scan)
            if run is not None:
                _Run(run, scan, options, display).go()
    except (OperationalError, InterfaceError) as error:
        if not is_lost(error):
            raise
        raise ConnectionLost(str(error)) from error
    return Result(run, len(scan.places), len(scan.places) - len(scan.outdated), roles)


def _start(scan: Scan, actor: Actor, options: Options) -> MigrationRun | None:
    outdated = scan.outdated
    if not outdated and not scan.template_outdated:
        manifest.runs_abandon()
        return None
    return manifest.run_start(
        actor=actor,
        version=version_of(known_migrations()),
        canaries=options.canaries,
        template=scan.template_outdated,
        waves=waves(outdated, options.canaries),
    )


def _resume(scan: Scan) -> MigrationRun:
    run = manifest.run_open()
    if run is None:
        raise Conflict(
            _("There is no unfinished run. Start one: migrate_tenants, without --resume."),
            code="migration_not_resumable",
        )
    if run.version != version_of(known_migrations()):
        raise Conflict(
            _(
                "The unfinished run of %(when)s was to reach another release's version. Start a new one: "
                "migrate_tenants, without --resume. It skips what is current."
            )
            % {"when": f"{run.created_at:%Y-%m-%d %H:%M}"},
            code="migration_not_resumable",
        )
    outdated = {place.schema_name for place in scan.outdated}
    places = {place.schema_name for place in scan.places}
    current = places - outdated
    if not scan.template_outdated:
        current.add(TEMPLATE)
    manifest.run_resume(run, current, places)
    return run


def _create_missing_roles(scan: Scan) -> list[str]:
    created = []
    for place in scan.places:
        if place.has_role:
            continue
        try:
            with transaction.atomic():
                tenant_role_create(place.schema_name)
        except ProgrammingError:
            if place_again(place.tenant_id) is None:
                continue  # deleted since the scan
            raise
        created.append(place.schema_name)
    return created


class _Run:
    """scripts: for schemas with these migrations, what to replay; None where it cannot be replayed."""

    def __init__(self, run: MigrationRun, scan: Scan, options: Options, display: Display) -> None:
        self.run, self.options, self.display = run, options, display
        self.template = scan.template or frozenset()
        self.applied = {place.schema_name: place.applied for place in scan.places}
        self.scripts: dict[frozenset[Key], Script | None] = {}
        self.refused: set[str] = set()
        self.failures = 0
        # Until then, a schema whose tables somebody holds does not stop its wave.
        self.is_last_wave = False

    def go(self) -> None:
        targets = manifest.targets_open(self.run)
        self.display.begin(sum(target.wave != TEMPLATE_WAVE for target in targets))
        for number, members in groupby(targets, key=lambda target: target.wave):
            self._wave(number, list(members))
            if self.failures:
                manifest.run_set(self.run, MigrationStatus.FAILED)
                return
        self.is_last_wave = True
        self._late()
        manifest.run_set(
            self.run, MigrationStatus.FAILED if self.failures else MigrationStatus.DONE
        )

    def _late(self) -> None:
        """Once more what others held, and what an older release made from the template as it was."""
        scan = fleet_scan()
        self.applied |= {place.schema_name: place.applied for place in scan.places}
        manifest.run_extend(self.run, scan.outdated)
        # Also those that were held and have been deleted since: they get their mark here.
        if targets := manifest.targets_open(self.run):
            self._wave(LATE_WAVE, targets)

    def _wave(self, number: int, targets: list[MigrationTarget]) -> None:
        self.display.wave(number, len(targets))
        if number == TEMPLATE_WAVE:
            self._record(self.template, targets[0])
            return
        groups: dict[frozenset[Key], list[MigrationTarget]] = {}
        careful = []
        for target in targets:
            # What failed before, for whatever reason, is left to Django's executor.
            if target.status == MigrationStatus.FAILED:
                careful.append(target)
            else:
                applied = self.applied.get(target.schema_name, frozenset())
                groups.setdefault(applied, []).append(target)
        for applied, members in groups.items():
            self._group(applied, members)
        self._all(Ordinary(self.options.timeouts), careful)

    def _group(self, applied: frozenset[Key], targets: list[MigrationTarget]) -> None:
        """Schemas with the same migrations: the first one's SQL is recorded and replayed in the rest."""
        rest = list(targets)
        while rest and applied not in self.scripts:
            self._record(applied, rest.pop(0))
        script = self.scripts.get(applied)
        timeouts = self.options.timeouts
        self._all(Replayer(script, timeouts) if script else Ordinary(timeouts), rest)

    def _record(self, applied: frozenset[Key], target: MigrationTarget) -> None:
        recorder = Recorder()
        outcome = Ordinary(self.options.timeouts, recorder)(target)
        self._settle(outcome)
        if recorder.script and recorder.script.applied != applied:
            return  # it was changed since the scan, and is no example for this group
        if recorder.script or recorder.refused:
            self.scripts[applied] = recorder.script
        if recorder.refused and recorder.refused not in self.refused:
            self.refused.add(recorder.refused)
            self.display.note(
                _("Not replayed but run one by one: %(reason)s") % {"reason": recorder.refused}
            )

    def _all(self, work: Work, targets: list[MigrationTarget]) -> None:
        with closing(in_parallel(work, targets, self.options.jobs)) as outcomes:
            for outcome in outcomes:
                self._settle(outcome)

    def _settle(self, outcome: Outcome) -> None:
        """Note the outcome. A failure is looked into: was it deleted, or migrated by another, meanwhile?"""
        gone = False
        if outcome.error and outcome.target.wave != TEMPLATE_WAVE:
            place = place_again(outcome.target.tenant_id)
            gone = place is None
            if place is None or not place.missing:
                outcome = replace(outcome, error="", is_held=False)
        manifest.target_mark(outcome, gone=gone)
        if outcome.is_held and outcome.target.wave != TEMPLATE_WAVE and not self.is_last_wave:
            return
        if outcome.error:
            self.failures += 1
        self.display.advance(outcome)
