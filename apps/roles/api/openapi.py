"""How API keys appear in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from apps.common.api.schema import MACHINE_SCHEME


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.roles.api.authentication.ApiKeyAuthentication"
    name = MACHINE_SCHEME

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "sk_...",
            "description": (
                "An API key of the workspace, from `POST /api/v1/api-keys/`. It names its workspace by "
                "itself, and may what it was given. Operations about a person answer 403 "
                "`person_required`."
            ),
        }
