"""The problem document (RFC 9457) as it appears in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from apps.common.problems import CONTENT_TYPE

REQUEST_ID = "0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a"


def _example(status: int, code: str, title: str, detail: str, attr: str = "") -> OpenApiExample:
    errors = [{"code": "required", "detail": detail, "attr": attr}] if attr else []
    body: dict[str, Any] = {
        "type": f"/api/docs/#error-{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": f"{attr}: {detail}" if attr else detail,
        "errors": errors,
        "request_id": REQUEST_ID,
    }
    return OpenApiExample(title, body, response_only=True, media_type=CONTENT_TYPE)


PROBLEMS = [
    _example(400, "invalid", "The input is not valid", "This field is required.", "name"),
    _example(401, "not_authenticated", "Sign in first", "Send a valid access token or sign in."),
    _example(
        402,
        "entitlement_exceeded",
        "Your plan does not include this",
        "Starter includes 10 seats, and no more can be added. Business includes 50: "
        "https://acme.wrapper.example/plan/compare/",
    ),
    _example(
        403,
        "permission_denied",
        "You may not do this",
        "Your roles do not allow this. Ask an administrator of the workspace.",
    ),
    _example(404, "not_found", "Not found", "There is nothing here, or you may not see it."),
    _example(
        409,
        "conflict",
        "The current state does not allow this",
        "Somebody changed this meanwhile, or its state does not allow the change.",
    ),
    _example(410, "gone", "No longer available", "This was used, withdrawn or has expired."),
    _example(
        412,
        "precondition_failed",
        "It has changed meanwhile",
        "The object is not the version that If-Match names. Get it again first.",
    ),
]
# By status, for the operations that may answer it.
PROBLEM_EXAMPLES = {str(example.value["status"]): example for example in PROBLEMS}


class FieldErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="For people.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field, dotted where it is nested; null: the whole body."
    )


@extend_schema_serializer(component_name="Problem")
class ProblemSerializer(serializers.Serializer):
    """Every answer from 400 on, as `application/problem+json` (RFC 9457)."""

    type = serializers.CharField(help_text="Address of the description of the code.")
    title = serializers.CharField(help_text="The same for all problems of a status or a code.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="For programs; stable.")
    detail = serializers.CharField(help_text="What went wrong this time, for people.")
    errors = FieldErrorSerializer(  # type: ignore[assignment]
        many=True, help_text="One entry for each thing wrong in the input."
    )
    request_id = serializers.CharField(help_text="Also in the header X-Request-ID and in our log.")
