"""The tree as a file: downloading it, and making what is missing from one, after a preview."""

from collections import Counter
from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.errors import PlatformError
from apps.organizations import permissions as p
from apps.organizations.organization_csv import (
    MAX_BYTES,
    MAX_ROWS,
    TEMPLATE,
    OrganizationFile,
    organization_csv_lines,
    organization_csv_read,
)
from apps.organizations.selectors import organizations_for
from apps.organizations.services import OrganizationOutcome, organizations_import
from apps.portal.forms.organizations import ConfirmTreeForm
from apps.portal.forms.workspace import ImportForm
from apps.portal.http import WorkspaceRequest, add_errors, may, require, workspace_page

# Of the lines: enough to see that the file is understood.
SHOWN = 50
BOM = "\ufeff"  # what spreadsheets recognise UTF-8 by
HEADERS = {"Content-Disposition": 'attachment; filename="organizations.csv"'}


@require_safe
@workspace_page
def export(request: WorkspaceRequest) -> HttpResponse:
    """Its rows are read before it is sent: the tenant is left by then."""
    require(request.actor, p.VIEW_ORGANIZATION)
    rows = list(organizations_for(request.actor))

    def lines() -> Iterator[str]:
        yield BOM
        yield from organization_csv_lines(rows)

    return StreamingHttpResponse(  # type: ignore[return-value]
        lines(), content_type="text/csv; charset=utf-8", headers=HEADERS
    )


@require_safe
@workspace_page
def template(request: WorkspaceRequest) -> HttpResponse:
    """A file to begin with."""
    require(request.actor, p.CREATE_ORGANIZATION)
    return HttpResponse(BOM + TEMPLATE, content_type="text/csv; charset=utf-8", headers=HEADERS)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
def upload(request: WorkspaceRequest) -> HttpResponse:
    """GET asks for a file; POST shows what would become of each of its lines."""
    require(request.actor, p.CREATE_ORGANIZATION)
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    if is_sent and form.is_valid():
        try:
            # One byte more than allowed is enough to be refused.
            file = organization_csv_read(form.cleaned_data["file"].read(MAX_BYTES + 1))
            outcomes = organizations_import(actor=request.actor, rows=file.rows, dry_run=True)
        except PlatformError as error:
            add_errors(form, error)
        else:
            return _preview(request, file, outcomes)
    context = {
        "form": form,
        "max_rows": MAX_ROWS,
        "can_view": may(request.actor, p.VIEW_ORGANIZATION),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/organizations/import.html", context, status=status)


@require_POST
@workspace_page
def confirm(request: WorkspaceRequest) -> HttpResponse:
    """Make what is missing. The file comes with the form, and is checked again."""
    require(request.actor, p.CREATE_ORGANIZATION)
    form = ConfirmTreeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the file again.")
        return redirect("organization_import")
    try:
        file = organization_csv_read(form.cleaned_data["text"].encode())
        outcomes = organizations_import(actor=request.actor, rows=file.rows)
    except PlatformError as error:
        messages.error(request, str(error.detail))
        return redirect("organization_import")
    made = Counter(one.action for one in outcomes)["create"]
    messages.success(request, f"{made} organization{' was' if made == 1 else 's were'} created.")
    return redirect("organizations")


def _preview(
    request: WorkspaceRequest, file: OrganizationFile, outcomes: list[OrganizationOutcome]
) -> HttpResponse:
    wrong = [one for one in outcomes if one.code]
    new = [one for one in outcomes if one.action == "create"]
    context = {
        "wrong": wrong[:SHOWN],
        "wrong_count": len(wrong),
        "new": new[:SHOWN],
        "new_count": len(new),
        "kept_count": len(outcomes) - len(wrong) - len(new),
        "shown": SHOWN,
        "unused": file.unused,
        "form": ConfirmTreeForm(initial={"text": file.text}),
    }
    return render(request, "portal/organizations/import_preview.html", context)
