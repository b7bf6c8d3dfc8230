"""Inviting many people by a CSV file: nothing is sent before its preview is confirmed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.billing.selectors import seat_price
from apps.common.errors import PlatformError
from apps.organizations import permissions as p
from apps.organizations.invitation_csv import (
    MAX_BYTES,
    MAX_ROWS,
    TEMPLATE,
    InvitationFile,
    invitation_csv_read,
)
from apps.organizations.services import InvitationOutcome, invitations_create
from apps.portal.forms.workspace import ConfirmImportForm, ImportForm
from apps.portal.http import WorkspaceRequest, add_errors, require, workspace_page
from apps.portal.selectors import roles_to_give

# Of the rows that are right: enough to see that the columns are understood.
SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def upload(request: WorkspaceRequest) -> HttpResponse:
    """GET asks for a file; POST shows what would become of each of its rows."""
    require(request.actor, p.INVITE_MEMBER)
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    if is_sent and form.is_valid():
        try:
            # One byte more than allowed is enough to be refused.
            file = invitation_csv_read(form.cleaned_data["file"].read(MAX_BYTES + 1))
            outcomes = invitations_create(actor=request.actor, rows=file.rows, dry_run=True)
        except PlatformError as error:
            add_errors(form, error)
        else:
            return _preview(request, file, outcomes)
    context = {
        "form": form,
        "roles": [role.name for role in roles_to_give(request.actor)],
        "max_rows": MAX_ROWS,
        "seat_price": seat_price(request.tenant.id),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/invitations/import.html", context, status=status)


@require_http_methods(["POST"])
@workspace_page
def confirm(request: WorkspaceRequest) -> HttpResponse:
    """Invite those whose rows are right. The file comes with the form, and is checked again."""
    require(request.actor, p.INVITE_MEMBER)
    form = ConfirmImportForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the file again.")
        return redirect("invitation_import")
    try:
        file = invitation_csv_read(form.cleaned_data["text"].encode())
    except PlatformError as error:
        messages.error(request, str(error.detail))
        return redirect("invitation_import")
    outcomes = invitations_create(actor=request.actor, rows=file.rows)
    invited = sum(one.invitation_id is not None for one in outcomes)
    left = len(outcomes) - invited
    words = "1 invitation is" if invited == 1 else f"{invited} invitations are"
    left_out = f" {left} row{'' if left == 1 else 's'} left out." if left else ""
    if not invited:
        messages.error(request, "Nobody was invited: no row of the file is right any more.")
    else:
        messages.success(request, f"{words} on the way.{left_out}")
    return redirect("invitations")


@require_safe
@workspace_page
def template(request: WorkspaceRequest) -> HttpResponse:
    """A file to begin with. With the mark that spreadsheets recognise UTF-8 by."""
    require(request.actor, p.INVITE_MEMBER)
    return HttpResponse(
        TEMPLATE.encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invitations.csv"'},
    )


def _preview(
    request: WorkspaceRequest, file: InvitationFile, outcomes: list[InvitationOutcome]
) -> HttpResponse:
    right = [one for one in outcomes if not one.code]
    context = {
        "wrong": [one for one in outcomes if one.code],
        "right": right[:SHOWN],
        "right_count": len(right),
        "more": max(0, len(right) - SHOWN),
        "unused": file.unused,
        "form": ConfirmImportForm(initial={"text": file.text}),
    }
    return render(request, "portal/invitations/import_preview.html", context)
