"""How operations appear in the OpenAPI document."""

from typing import Any

from drf_standardized_errors.openapi import AutoSchema as StandardizedAutoSchema


class AutoSchema(StandardizedAutoSchema):
    """Names every operation `area_verb`; errors are the one problem shape."""

    def get_tags(self) -> list[str]:
        parts = [p for p in self.path.split("/") if p]
        return [parts[2] if len(parts) > 2 else "api"]
