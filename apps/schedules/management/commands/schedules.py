"""`manage.py schedules`: when which task is started, and changing that."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.schedules import services
from apps.schedules.models import Schedule
from apps.schedules.selectors import schedule_timing, schedules_for

OPERATOR = Actor.system("operator")


class Command(BaseCommand):
    help = "Lists the schedules; pauses, resumes and starts them, and changes their intervals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        listed = commands.add_parser("list", help="every schedule, and how it went last")
        listed.add_argument("--json", action="store_true", help="for programs")
        pause = commands.add_parser("pause", help="start nothing by it until it is resumed")
        resume = commands.add_parser("resume", help="start its task again")
        run = commands.add_parser("run", help="make it due now")
        interval = commands.add_parser("interval", help="another interval than the declared one")
        for command in (pause, resume, run, interval):
            command.add_argument("name")
        pause.add_argument("--reason", required=True, help="kept with the schedule")
        which = interval.add_mutually_exclusive_group(required=True)
        which.add_argument("seconds", nargs="?", type=int)
        which.add_argument("--declared", action="store_true", help="as the code says, again")

    @system_connection()
    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, options["command"])(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error

    def list(self, options: dict[str, Any]) -> None:
        found = [_facts(one) for one in schedules_for(OPERATOR)]
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        if not found:
            self.stdout.write("None yet: beat makes them at its first start.")
        width = max((len(one["name"]) for one in found), default=0)
        for one in found:
            state = f"paused: {one['pause_reason']}" if one["is_paused"] else f"next {one['next']}"
            error = f"  {one['last_error']}" if one["last_error"] else ""
            self.stdout.write(
                f"{one['name']:<{width}}  {one['timing']:<14}  last {one['last_sent'] or 'never':<25}  "
                f"{state}{error}"
            )

    def pause(self, options: dict[str, Any]) -> None:
        services.schedule_pause(actor=OPERATOR, name=options["name"], reason=options["reason"])
        self.stdout.write(f"{options['name']} is paused.")

    def resume(self, options: dict[str, Any]) -> None:
        services.schedule_resume(actor=OPERATOR, name=options["name"])
        self.stdout.write(f"{options['name']} is resumed.")

    def run(self, options: dict[str, Any]) -> None:
        services.schedule_run(actor=OPERATOR, name=options["name"])
        self.stdout.write(f"{options['name']} is due now.")

    def interval(self, options: dict[str, Any]) -> None:
        changed = services.schedule_set_interval(
            actor=OPERATOR, name=options["name"], interval_s=options["seconds"]
        )
        self.stdout.write(f"{changed.name}: {schedule_timing(changed)}.")


def _facts(schedule: Schedule) -> dict[str, Any]:
    def moment(value: Any) -> str | None:
        return value.isoformat(timespec="seconds") if value else None

    return {
        "name": schedule.name,
        "timing": schedule_timing(schedule),
        "is_changed": schedule.interval_s is not None,
        "is_paused": schedule.is_paused,
        "pause_reason": schedule.pause_reason,
        "next": moment(schedule.next_at),
        "last_sent": moment(schedule.last_sent_at),
        "last_finished": moment(schedule.last_finished_at),
        "last_duration_ms": schedule.last_duration_ms,
        "last_error": schedule.last_error,
    }
