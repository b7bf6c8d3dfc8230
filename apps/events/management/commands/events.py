"""`manage.py events`: run relay and consumers, list what can happen, look at the backlog, replay."""

import dataclasses
import json
import signal
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.events import catalogue, consumer, dead_tasks, replaying, selectors
from apps.events.models import DeadTask, Handling
from apps.events.processes import Stop
from apps.events.relay import run_relay

OPERATOR = Actor.system("operator")


def uuid_argument(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not an id; `events dead` and `events tasks` list them"
        ) from None


def time_argument(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time, such as 2026-01-31T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def stopped_by_signals() -> Stop:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


class Command(BaseCommand):
    help = "Runs the events process and deals with what handlers could not do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser(
            "relay",
            help="put published events into the streams until SIGTERM; start as many as you like",
        )
        consume = commands.add_parser(
            "consume",
            help="let handlers have what is in the streams until SIGTERM; start as many as you like",
        )
        consume.add_argument(
            "--group",
            action="append",
            choices=consumer.known_groups(),
            help="only this group of handlers; may be given several times (default: all)",
        )
        types = commands.add_parser("types", help="list what can happen, with its payload")
        types.add_argument("--json", action="store_true", help="for programs, with JSON Schemas")
        stats = commands.add_parser("stats", help="backlog and dead letters of each handler")
        stats.add_argument("--json", action="store_true", help="for programs")
        dead = commands.add_parser("dead", help="list dead letters, oldest first")
        dead.add_argument("--handler", metavar="NAME", help="of this handler only")
        dead.add_argument("--limit", type=int, default=50, help="at most so many (default 50)")
        dead.add_argument("--json", action="store_true", help="for programs, with the whole error")
        replay = commands.add_parser("replay", help="handle dead letters again")
        which = replay.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?", type=uuid_argument, help="one, by its id")
        which.add_argument("--handler", metavar="NAME", help="all of this handler")
        which.add_argument("--event", metavar="NAME", help="all of this event")
        which.add_argument(
            "--group", metavar="NAME", help="not dead letters, but all that was published in a time"
        )
        which.add_argument("--all", action="store_true", help="all of them")
        for end in ("--since", "--until"):
            replay.add_argument(
                end, type=time_argument, metavar="TIME", help="with --group: ISO 8601, UTC"
            )
        discard = commands.add_parser("discard", help="give a dead letter or task up for good")
        discard.add_argument("id", type=uuid_argument)
        discard.add_argument("--task", action="store_true", help="the id is that of a refused task")
        discard.add_argument("--reason", required=True, help="kept with the dead letter")
        tasks = commands.add_parser(
            "tasks", help="list tasks that were refused because of their tenant, oldest first"
        )
        tasks.add_argument("--limit", type=int, default=50, help="at most so many (default 50)")
        tasks.add_argument("--json", action="store_true", help="for programs")
        send = commands.add_parser("send", help="put refused tasks into the queue again")
        chosen = send.add_mutually_exclusive_group(required=True)
        chosen.add_argument("id", nargs="?", type=uuid_argument, help="one, by its id")
        chosen.add_argument("--all", action="store_true", help="all of them")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, options["command"])(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error

    def relay(self, _options: dict[str, Any]) -> None:
        run_relay(stopped_by_signals())

    def consume(self, options: dict[str, Any]) -> None:
        consumer.run_consumer(stopped_by_signals(), options["group"] or consumer.known_groups())

    def types(self, options: dict[str, Any]) -> None:
        if options["json"]:
            found = [dataclasses.asdict(one) for one in catalogue.event_types()]
            self.stdout.write(json.dumps(found))
            return
        for one in catalogue.event_types():
            fields = ", ".join(one.schema["properties"])
            self.stdout.write(f"{one.name}  v{one.version}  {one.scope}  {fields}")

    def stats(self, options: dict[str, Any]) -> None:
        stats = selectors.events_stats()
        if options["json"]:
            self.stdout.write(json.dumps(stats))
            return
        oldest = stats["oldest_undispatched_s"]
        self.stdout.write(
            f"Outbox: {stats['undispatched']} waiting"
            + (f", the oldest for {oldest} s" if oldest is not None else "")
            + (
                f"; {stats['undispatched_unknown']} of a type that this release does not know"
                if stats["undispatched_unknown"]
                else ""
            )
        )
        self._table("group", stats["groups"], ("lag", "unfinished", "per_minute", "processes"))
        still_open = {
            name: row for name, row in stats["handlers"].items() if row["pending"] or row["dead"]
        }
        if still_open:
            self._table("handler", still_open, ("pending", "retrying", "dead"))
        else:
            self.stdout.write("\nNo handler has anything pending or dead.")

    def _table(self, title: str, rows: dict[str, Any], columns: tuple[str, ...]) -> None:
        width = max(len(name) for name in (title, *rows))
        self.stdout.write("\n" + title.ljust(width) + "".join(c.rjust(12) for c in columns))
        for name, row in rows.items():
            cells = ("?" if row[c] is None else str(row[c]) for c in columns)
            line = name.ljust(width) + "".join(cell.rjust(12) for cell in cells)
            self.stdout.write(line if row.get("known", True) else f"{line}  (no such handler)")

    def dead(self, options: dict[str, Any]) -> None:
        letters = selectors.dead_letters(options["handler"])[: options["limit"]]
        if options["json"]:
            self.stdout.write(json.dumps([self._letter(letter) for letter in letters]))
            return
        for letter in letters:
            reason = letter.last_error.strip().rpartition("\n")[2]
            self.stdout.write(
                f"{letter.id}  {letter.handler}  {letter.event.name}  "
                f"{letter.event.created_at:%Y-%m-%d %H:%M:%S}Z  {reason}"
            )
        if not letters:
            self.stdout.write("No dead letters.")

    @staticmethod
    def _letter(letter: Handling) -> dict[str, Any]:
        event = letter.event
        return {
            "id": str(letter.id),
            "handler": letter.handler,
            "attempts": letter.attempts,
            "error": letter.last_error,
            "event": {
                "id": str(event.id),
                "name": event.name,
                "version": event.version,
                "tenant_id": str(event.tenant_id) if event.tenant_id else None,
                "aggregate_id": event.aggregate_id,
                "actor": event.actor_label,
                "request_id": event.request_id,
                "traceparent": event.traceparent,
                "payload": event.payload,
                "created_at": event.created_at.isoformat(),
            },
        }

    def replay(self, options: dict[str, Any]) -> None:
        since, until = options["since"], options["until"]
        if options["group"] and not (since and until):
            raise CommandError("--group needs --since and --until, such as 2026-01-31T12:00")
        if options["id"]:
            replaying.handling_replay(actor=OPERATOR, handling_id=options["id"])
            count = 1
        elif options["group"]:
            count = replaying.group_replay(
                actor=OPERATOR, group=options["group"], since=since, until=until
            )
        else:
            count = replaying.handlings_replay(
                actor=OPERATOR, handler=options["handler"], event_name=options["event"]
            )
        self.stdout.write(f"{count} to be handled again.")

    def discard(self, options: dict[str, Any]) -> None:
        if options["task"]:
            dead_tasks.dead_task_discard(
                actor=OPERATOR, dead_task_id=options["id"], reason=options["reason"]
            )
        else:
            replaying.handling_discard(
                actor=OPERATOR, handling_id=options["id"], reason=options["reason"]
            )
        self.stdout.write("Discarded.")

    def tasks(self, options: dict[str, Any]) -> None:
        found = dead_tasks.dead_tasks()[: options["limit"]]
        if options["json"]:
            self.stdout.write(json.dumps([self._task(task) for task in found]))
            return
        for task in found:
            self.stdout.write(
                f"{task.id}  {task.task}  {task.created_at:%Y-%m-%d %H:%M:%S}Z  {task.reason}"
            )
        if not found:
            self.stdout.write("No refused tasks.")

    @staticmethod
    def _task(task: DeadTask) -> dict[str, Any]:
        return {
            "id": str(task.id),
            "task": task.task,
            "args": task.args,
            "kwargs": task.kwargs,
            "tenant_id": str(task.tenant_id) if task.tenant_id else None,
            "reason": task.reason,
            "request_id": task.request_id,
            "created_at": task.created_at.isoformat(),
        }

    def send(self, options: dict[str, Any]) -> None:
        if options["id"]:
            dead_tasks.dead_task_send(actor=OPERATOR, dead_task_id=options["id"])
            count = 1
        else:
            count = dead_tasks.dead_tasks_send(actor=OPERATOR)
        self.stdout.write(f"{count} sent again.")
