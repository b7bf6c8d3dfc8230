"""Fields and serializers that refuse what the framework's own would guess at."""

import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class IdField(serializers.UUIDField):
    """A UUID as text; the framework also takes whole numbers."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, (str, uuid.UUID)):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A string; the framework also takes numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumberField(serializers.IntegerField):
    """A whole number of JSON; the framework also takes text, and numbers with a point."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false; the framework also takes words and numbers that mean one."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class QuerySerializer(serializers.Serializer):
    """Query parameters of an operation. One that is not declared is an error, not ignored.

    A misspelt filter would otherwise answer with everything. Parameters of pages are allowed.
    """

    PAGING = frozenset({"cursor", "page_size", "format"})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields) - self.PAGING)
        if unknown:
            known = ", ".join(self.fields) or "none"
            raise serializers.ValidationError(
                {name: _("Unknown parameter. Known are: %s.") % known for name in unknown[:10]},
                code="unknown_parameter",
            )
        return attrs
