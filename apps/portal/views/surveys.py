"""What people answer to the question that stands on a page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.accounts.redirects import safe_path
from apps.common.errors import InvalidInput
from apps.feedback.services import survey_answer, survey_dismiss
from apps.portal.http import WorkspaceRequest, workspace_page


@require_POST
@workspace_page
def answer(request: WorkspaceRequest, code: str) -> HttpResponse:
    """`score`, `comment`; `next`: the page that it stands on."""
    given = request.POST.get("score", "")
    try:
        survey_answer(
            actor=request.actor,
            survey=code,
            score=int(given) if given.isascii() and given.isdigit() else -1,
            comment=request.POST.get("comment", ""),
        )
    except InvalidInput as error:
        messages.error(request, str(error.detail))
    else:
        messages.success(request, "Thank you. We read every answer.")
    return redirect(safe_path(request.POST.get("next")))


@require_POST
@workspace_page
def dismiss(request: WorkspaceRequest, code: str) -> HttpResponse:
    """`later`: not now; else not at all. `next`: the page that it stands on."""
    survey_dismiss(actor=request.actor, survey=code, is_later="later" in request.POST)
    return redirect(safe_path(request.POST.get("next")))
