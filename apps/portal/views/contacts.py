"""Where the workspace's invoices and receipts go."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.billing.permissions import MANAGE_BILLING
from apps.billing.selectors import customer_for
from apps.billing.services import Contacts, contacts_set
from apps.common.access import authorize
from apps.common.errors import PermissionDenied, PlatformError, ReauthenticationRequired
from apps.portal.forms.billing import ContactsForm
from apps.portal.http import WorkspaceRequest, add_errors, step_up, workspace_page


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page
@step_up
def contacts(request: WorkspaceRequest) -> HttpResponse:
    authorize(request.actor, MANAGE_BILLING)
    row = customer_for(request.actor)
    found = Contacts.of(row) if row else Contacts(request.user.email, request.tenant.name)
    form = ContactsForm(request.POST or None, initial=ContactsForm.initial_of(found))
    if request.method == "POST" and form.is_valid():
        try:
            contacts_set(actor=request.actor, tenant=request.tenant, wanted=form.contacts())
        except (PermissionDenied, ReauthenticationRequired):
            raise
        except PlatformError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Invoices and receipts go there from now on."))
            return redirect("plan")
    status = 422 if form.errors else 200
    return render(request, "portal/plan/contacts.html", {"form": form}, status=status)
