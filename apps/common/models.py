"""Abstract bases. No tables of its own."""

from django.db import models

from apps.common.ids import uuid7


class BaseModel(models.Model):
    """UUIDv7 key and the two times that every row has (UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True
