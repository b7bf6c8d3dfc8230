"""How operations appear in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from apps.common.api import idempotency, shaping
from apps.common.api.serializers import PROBLEM_EXAMPLES, ProblemSerializer
from apps.common.api.shaping import Expansion
from apps.common.problems import CONTENT_TYPE

TENANT_HEADER = OpenApiParameter(
    "X-Tenant",
    str,
    OpenApiParameter.HEADER,
    description=(
        "The workspace's slug. Needed where neither the host nor the token names the workspace; one "
        "that you are no member of answers 404, as does one that does not exist."
    ),
)
IF_MATCH_HEADER = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="An `ETag` that you were given: answers 412 if the object has changed since.",
)
ETAG_HEADER = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    description="Version of the object, for `If-Match` and `If-None-Match`.",
    response=["200", "201"],
)
KEY_IS = (
    "Of your own, 1 to 200 printable characters, another for each thing to be done. The same request by the "
    "same key is done once, and answered the same again, with `Idempotency-Replayed: true`; another request "
    "by it answers 422 `idempotency_conflict`."
)
# Of what the service itself remembers, which it does not without one.
IDEMPOTENCY_HEADER = OpenApiParameter(
    idempotency.HEADER, str, OpenApiParameter.HEADER, required=True, description=KEY_IS
)
OPTIONAL_IDEMPOTENCY_HEADER = OpenApiParameter(
    idempotency.HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        f"{KEY_IS} Kept for 24 hours; what was refused is not kept, and can be sent again. While the first "
        "is under way: 409 `idempotency_in_flight`."
    ),
)
REPLAYED_HEADER = OpenApiParameter(
    idempotency.REPLAYED,
    str,
    OpenApiParameter.HEADER,
    description="`true` where the key had been used: nothing was done again.",
    response=["200", "201", "202", "204"],
)
# Described in SPECTACULAR_SETTINGS, as components.
RATE_LIMIT_HEADERS = (
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
    "RateLimit",
)


def shape_parameters(expandable: Mapping[str, Expansion]) -> list[OpenApiParameter]:
    fields = OpenApiParameter(
        shaping.FIELDS,
        str,
        description="Only these fields of each object, with commas between them; all if not given.",
    )
    if not expandable:
        return [fields]
    added = "; ".join(
        f"`{name}`: {{id, name}} by `{one.id_field}`" for name, one in sorted(expandable.items())
    )
    expand = OpenApiParameter(
        shaping.EXPAND,
        str,
        description=(
            f"Adds what an id stands for, with commas between them. {added}. Null for what you may not see."
        ),
    )
    return [fields, expand]


# The scheme of programs that are nobody: operations about a person do not take it.
MACHINE_SCHEME = "api_key"
DESCRIPTIONS = {
    "400": "The input is not valid; `errors` says what.",
    "401": "Not signed in, or the token has expired or was revoked.",
    "402": (
        "The plan does not include it (`errors` names the entitlement), a payment was declined, or there are "
        "not enough credits."
    ),
    "403": "A permission is missing; `detail` names it.",
    "404": "It does not exist, or you may not know that it does.",
    "409": "The current state does not allow it; `code` says why.",
    "410": "It was used, withdrawn or has expired.",
    "412": "The object has changed since the version in `If-Match`.",
    "422": "The `Idempotency-Key` was used for another request.",
    "429": "Too many requests; the next one is let through after `Retry-After` seconds.",
    "503": "Something that it needs cannot be reached; try again after `Retry-After` seconds.",
    "default": "Any other problem.",
}


class AutoSchema(SpectacularAutoSchema):
    """Tags are the first segment of the path; every error is a Problem.

    A view says what concerns it: `needs_tenant`, `needs`, `costs`, `etag_methods`, `problems`, `once`,
    `deprecated`.
    """

    def get_tags(self) -> list[str]:
        parts = [p for p in self.path.split("/") if p]
        return [parts[2] if len(parts) > 2 else "api"]

    def get_auth(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super().get_auth()
        return found if self._needs_tenant else [one for one in found if MACHINE_SCHEME not in one]

    def get_override_parameters(self) -> list[Any]:
        parameters = [TENANT_HEADER] if self._needs_tenant else []
        if self.method in self._etag_methods:
            if self.method != "DELETE":
                parameters.append(ETAG_HEADER)
            if self.method != "GET":
                parameters.append(IF_MATCH_HEADER)
        if self._is_shapeable:
            parameters += shape_parameters(getattr(self.view, "expandable", {}))
        if self._is_kept_by_key:
            parameters += [OPTIONAL_IDEMPOTENCY_HEADER, REPLAYED_HEADER]
        return parameters

    def get_description(self) -> str:  # type: ignore[override]
        text = str(super().get_description() or "")
        needed = getattr(self.view, "needs", {}).get(self.method)
        deprecation = getattr(self.view, "deprecated", {}).get(self.method)
        needs = f"Needs the permission `{needed}`." if needed else ""
        return "\n\n".join(filter(None, [text, needs, str(deprecation or "")]))

    def is_deprecated(self) -> bool:
        return self.method in getattr(self.view, "deprecated", {})

    def get_extensions(self) -> dict[str, Any]:
        cost = getattr(self.view, "costs", {}).get(self.method)
        return {"x-rate-limit-cost": cost} if cost else {}

    @property
    def _needs_tenant(self) -> bool:
        return bool(getattr(self.view, "needs_tenant", False))

    @property
    def _etag_methods(self) -> tuple[str, ...]:
        return getattr(self.view, "etag_methods", ())

    @property
    def _is_shapeable(self) -> bool:
        is_read = self.method == "GET" and ("GET" in self._etag_methods or self._is_list_view())
        return is_read and bool(getattr(self.view, "is_shapeable", False))

    @property
    def _is_kept_by_key(self) -> bool:
        once = getattr(self.view, "once", idempotency.Once.NEVER)
        return self.method == "POST" and bool(once.is_kept)

    def _problem_codes(self) -> list[str]:
        takes_input = self.method in ("POST", "PUT", "PATCH") or self._is_list_view()
        codes = ["400"] if takes_input or self._needs_tenant else []
        if any(self.get_auth()):
            codes.append("401")
        if self._needs_tenant:
            codes += ["403", "404"]
        elif "{" in self.path:
            codes.append("404")
        codes += getattr(self.view, "problems", {}).get(self.method, ())
        if self.method in self._etag_methods and self.method != "GET":
            codes.append("412")
        if self._is_kept_by_key:
            codes += ["409", "422"]
        codes.append("429")
        return [*dict.fromkeys(codes), "default"]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction=direction)
        for code in self._problem_codes():
            if code not in bodies:
                example = PROBLEM_EXAMPLES.get(code)
                response = OpenApiResponse(
                    ProblemSerializer,
                    description=DESCRIPTIONS[code],
                    examples=[example] if example else [],
                )
                bodies[code] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    response, code, media_types=[CONTENT_TYPE]
                )
        return bodies

    def _get_response_headers_for_code(
        self, status_code: str, direction: Any = "response"
    ) -> dict[str, Any]:
        """Besides those of the operation the ones of every answer, which are described once.

        They are named where clients look for them: the document would be half as long again.
        """
        headers: dict[str, Any] = super()._get_response_headers_for_code(status_code, direction)
        names: list[str] = []
        if status_code.startswith("2") or status_code == "429":
            names = [*RATE_LIMIT_HEADERS, *(["Retry-After"] if status_code == "429" else [])]
        return headers | {name: {"$ref": f"#/components/headers/{name}"} for name in names}
