"""The outbox, and the inbox of every handler. Tables of the public schema."""

from typing import Any

from django.db import models
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.ids import uuid7
from apps.events.enums import DeadTaskState, HandlingState, Scope


class _Unreturned:
    """A column with a default of the database that INSERT does not return: publishers may not read."""

    db_returning = False

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]  # of the field beside it
        stock = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("django."))
        return name, f"django.db.models.{stock.__name__}", args, kwargs


class UnreturnedBigInteger(_Unreturned, models.BigIntegerField):
    pass


class UnreturnedSmallInteger(_Unreturned, models.PositiveSmallIntegerField):
    pass


class UnreturnedChar(_Unreturned, models.CharField):
    pass


class UnreturnedUUID(_Unreturned, models.UUIDField):
    pass


class OutboxEvent(models.Model):
    """A domain event, committed with the change that it tells of. Written by publish() only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # An identity column (see the migration). Shows the order within an aggregate, whose writers
    # hold its lock; says nothing about the order of commits of others.
    position = UnreturnedBigInteger(db_default=RawSQL("DEFAULT", ()), editable=False)
    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveSmallIntegerField(_("version"))
    scope = models.CharField(_("scope"), max_length=20, choices=[(s.value, s.value) for s in Scope])
    # No foreign key: an event outlives its tenant.
    tenant_id = models.UUIDField(_("tenant"), null=True)
    aggregate_id = models.TextField(_("aggregate"))
    actor_kind = models.CharField(_("kind of actor"), max_length=20)
    actor_label = models.TextField(_("actor"))
    actor_person_id = models.UUIDField(_("person"), null=True)
    # The staff who acted for the person, if it was not themselves.
    impersonator_id = UnreturnedUUID(_("impersonator"), null=True)
    impersonator_label = UnreturnedChar(
        _("impersonator"), max_length=254, blank=True, default="", db_default=""
    )
    request_id = models.CharField(_("request"), max_length=128, blank=True)
    # The W3C trace context of the request that published it.
    traceparent = UnreturnedChar(_("trace"), max_length=55, blank=True, default="", db_default="")
    # Of the request; empty where none is behind it (apps.common.origin).
    address = UnreturnedChar(_("address"), max_length=45, blank=True, default="", db_default="")
    agent = UnreturnedChar(_("client"), max_length=300, blank=True, default="", db_default="")
    payload = models.JSONField(_("payload"))
    created_at = models.DateTimeField(_("published"), default=timezone.now)
    # Of the stream that it goes to: all of one tenant's aggregate to the same.
    partition = UnreturnedSmallInteger(_("partition"), db_default=0, editable=False)
    # When a relay put it into the stream.
    dispatched_at = models.DateTimeField(_("dispatched"), null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(
                fields=["partition", "position"],
                name="outbox_waiting",
                condition=models.Q(dispatched_at=None),
            ),
            models.Index(fields=["created_at"], name="outbox_created"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Partition(models.Model):
    """A stream in Redis, and how far the database knows of it. Whoever has the row's lock leads it."""

    number = models.PositiveSmallIntegerField(_("number"), primary_key=True)
    # The stream's entry that the last committed batch ended with: a stream that ends before it lost some.
    last_entry = models.CharField(_("last entry"), max_length=40, default="0-0")
    # What was dispatched before has been taken by every group.
    settled_before = models.DateTimeField(_("settled before"), null=True)

    class Meta:
        verbose_name = _("partition")
        verbose_name_plural = _("partitions")

    def __str__(self) -> str:
        return str(self.number)


class Subscriber(models.Model):
    """A handler of some release that runs or ran: it is owed what is dispatched while it is known."""

    handler = models.CharField(_("handler"), max_length=100)
    event_name = models.CharField(_("event"), max_length=100)
    group = models.CharField(_("group"), max_length=100)
    since = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        constraints = [
            models.UniqueConstraint(fields=["handler", "event_name"], name="subscriber_once")
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_name}"


class Handling(models.Model):
    """What became of one event at one handler: the inbox row that makes the effect happen once.

    Done: committed with the effect. Pending: it failed, or waits behind one that did.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No constraint: an event's row may be deleted with its tenant while the stream still has the event.
    event = models.ForeignKey(
        OutboxEvent,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="handlings",
        verbose_name=_("event"),
    )
    handler = models.CharField(_("handler"), max_length=100)
    # Copies of the event's, for the claim: tenant and aggregate, and the place in their order.
    ordering_key = models.TextField(editable=False)
    position = models.BigIntegerField(editable=False)
    partition = models.PositiveSmallIntegerField(db_default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=HandlingState, default=HandlingState.PENDING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    last_error = models.TextField(_("last error"), blank=True)
    note = models.TextField(_("note"), blank=True)
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("handling")
        verbose_name_plural = _("handlings")
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="handling_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=HandlingState.values), name="handling_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "position"],
                name="handling_due",
                condition=models.Q(state=HandlingState.PENDING),
            ),
            models.Index(
                fields=["handler", "ordering_key", "position"],
                name="handling_order",
                condition=models.Q(state=HandlingState.PENDING),
            ),
            models.Index(
                fields=["handler"],
                name="handling_dead",
                condition=models.Q(state=HandlingState.DEAD),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id}"


class DeadTask(models.Model):
    """A Celery task that was refused: its tenant is missing, unknown, deleted or closed. It never ran."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.CharField(_("task"), max_length=200)
    args = models.JSONField(_("arguments"), default=list)
    kwargs = models.JSONField(_("named arguments"), default=dict)
    # No foreign key: the tenant may never have existed.
    tenant_id = models.UUIDField(_("tenant"), null=True)
    reason = models.TextField(_("reason"))
    request_id = models.CharField(_("request"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("refused"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=20, choices=DeadTaskState, default=DeadTaskState.DEAD
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("dead task")
        verbose_name_plural = _("dead tasks")
        indexes = [
            models.Index(
                fields=["created_at"],
                name="dead_task_open",
                condition=models.Q(state=DeadTaskState.DEAD),
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"
