"""What webhooks have in common. No cookie is read, and no header says who a client is: a signature does."""

from django.http import HttpRequest, HttpResponse

from apps.common.problems import problem_response

# What reading something else than what was expected ends in; brackets within brackets in the last.
UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError),
    RecursionError,
)


def body_length(request: HttpRequest) -> int:
    """Of the body, as Django will read it: without a length it reads none."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def refuse(
    request: HttpRequest, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    return problem_response(
        request, status=status, code=code, title=detail, detail=detail, headers=headers
    )


def request_problem(
    request: HttpRequest, *, content_type: str, max_bytes: int
) -> HttpResponse | None:
    """The refusal of what is no such POST or is too long, before its body is read; None: go on."""
    if request.method != "POST":
        return refuse(request, 405, "method_not_allowed", "Method not allowed", {"Allow": "POST"})
    if request.content_type != content_type:
        return refuse(request, 415, "unsupported_media_type", f"Send {content_type}.")
    if body_length(request) > max_bytes:
        return refuse(request, 413, "too_large", f"Send at most {max_bytes} bytes.")
    return None
