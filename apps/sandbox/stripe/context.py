"""What a handler works with: the account, its time, and its objects."""

import copy
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from apps.sandbox.stripe import events
from apps.sandbox.stripe.errors import Invalid, missing
from apps.sandbox.stripe.models import StripeAccount, StripeObject, random_id
from apps.sandbox.stripe.registry import Json, registry

KEEP = -1  # due_at as it is


@dataclass(frozen=True)
class Context:
    """now: seconds by the clock of the account, or of the test clock `clock`. base: of hosted pages."""

    account: StripeAccount
    version: str
    now: int
    clock: str = ""
    path: str = ""
    base: str = ""
    request_id: str | None = None
    idempotency_key: str | None = None

    # --- Reading ------------------------------------------------------------------------------------

    def rows(self, kind: str) -> QuerySet[StripeObject]:
        return StripeObject.objects.filter(account=self.account, kind=kind)

    def get(self, kind: str, object_id: str | None, *, param: str = "") -> Json:
        """param: the parameter that names it, for the error. Raises Invalid (resource_missing)."""
        row = self.rows(kind).filter(object_id=object_id or "", is_deleted=False).first()
        if row is None:
            raise missing(kind, object_id or "", param=param)
        return dict(row.data)

    def show(self, kind: str, object_id: str) -> Json:
        """`get` for an object of the address, or a value to expand: says that it is deleted."""
        row = self.rows(kind).filter(object_id=object_id).first()
        if row is not None and row.is_deleted and registry.kinds[kind].keeps_deleted:
            return {"id": object_id, "object": kind, "deleted": True}
        return self.get(kind, object_id)

    def find(self, kind: str, **having: Any) -> list[Json]:
        """Objects whose attributes have these values, newest first. None is no value to look for."""
        rows = self.rows(kind).filter(is_deleted=False, data__contains=having)
        return [dict(row.data) for row in rows]

    def exists(self, kind: str, object_id: str) -> bool:
        """Also where it is deleted: ids are not used again."""
        return self.rows(kind).filter(object_id=object_id).exists()

    # --- Writing ------------------------------------------------------------------------------------

    def create(
        self, kind: str, data: Json, *, object_id: str = "", due_at: int | None = None
    ) -> Json:
        """Adds id, object, created and livemode, which `data` may have itself."""
        object_id = object_id or str(data.get("id") or random_id(registry.kinds[kind].prefix))
        if self.exists(kind, object_id):
            raise Invalid(
                f"{kind.capitalize()} already exists.", code="resource_already_exists", param="id"
            )
        head: Json = {"id": object_id, "object": kind, "created": self.now, "livemode": False}
        made = head | copy.deepcopy(data) | {"id": object_id}
        StripeObject.objects.create(
            account=self.account,
            kind=kind,
            object_id=object_id,
            created=int(made["created"]),
            data=made,
            clock=self.clock,
            due_at=due_at,
        )
        return made

    def save(self, data: Json, *, due_at: int | None = KEEP) -> Json:
        changes: dict[str, Any] = {"data": data}
        if due_at != KEEP:
            changes["due_at"] = due_at
        self.rows(data["object"]).filter(object_id=data["id"]).update(**changes)
        return data

    def change(
        self, data: Json, changes: Json, event: str = "", *, due_at: int | None = KEEP
    ) -> Json:
        """Save with these attributes; the event, with the previous ones, where some are others."""
        after = copy.deepcopy(data | changes)
        before = events.previous(data, after)
        if after != data or due_at != KEEP:
            self.save(after, due_at=due_at)
        if before and event:
            self.emit(event, after, before)
        return after

    def delete(self, data: Json) -> Json:
        """Returns what Stripe answers to a deletion."""
        rows = self.rows(data["object"]).filter(object_id=data["id"])
        rows.update(is_deleted=True, due_at=None)
        return {"id": data["id"], "object": data["object"], "deleted": True}

    def emit(self, event: str, data: Json, before: Json | None = None) -> Json:
        """Note an event with the object as it is now. before: attributes that were others."""
        return events.emit(self, event, data, before)

    # --- Time ---------------------------------------------------------------------------------------

    def on_clock_of(self, data: Json) -> "Context":
        """The context for what belongs to this object, which may be attached to a test clock."""
        clock = (
            self.rows(data["object"])
            .filter(object_id=data["id"])
            .values_list("clock", flat=True)
            .first()
        )
        return self.on_clock(clock or "")

    def on_clock(self, clock: str) -> "Context":
        if clock == self.clock:
            return self
        if not clock:
            return replace(self, clock="", now=self.account.now)
        found = self.get("test_helpers.test_clock", clock, param="test_clock")
        return replace(self, clock=clock, now=found["frozen_time"])


def merged_metadata(old: Json | None, given: Json | None) -> Json:
    """Keys are added and changed; those with an empty value go; an empty value for all: none is left."""
    if given is None:
        return {}
    merged = (old or {}) | given
    if len(merged) > 50:
        raise Invalid(
            "You can only have up to 50 metadata keys, including existing metadata.",
            param="metadata",
        )
    for key, value in merged.items():
        if len(key) > 40 or len(value or "") > 500:
            raise Invalid(
                "Metadata keys can have up to 40 characters, values up to 500.", param="metadata"
            )
    return {key: value for key, value in merged.items() if value is not None}
