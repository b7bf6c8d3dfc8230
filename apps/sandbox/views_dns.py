"""The records of the sandbox's DNS server: a page for people, JSON for tests."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.sandbox.models import DnsRecord
from apps.sandbox.records import DnsRecordForm


@require_http_methods(["GET", "HEAD", "POST"])
def records(request: HttpRequest) -> HttpResponse:
    """The list, and adding to it; JSON for those who accept JSON first."""
    form = DnsRecordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        record = form.save()
        messages.success(request, f"{record.name} has the record.")
        return redirect("sandbox_dns")
    found = list(DnsRecord.objects.all())
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"results": [{"name": r.name, "value": r.value} for r in found]})
    context = {"form": form, "records": found}
    return render(request, "sandbox/dns.html", context, status=422 if form.errors else 200)


@require_POST
def remove(request: HttpRequest, record_id: uuid.UUID) -> HttpResponse:
    record = get_object_or_404(DnsRecord, id=record_id)
    record.delete()
    messages.success(request, f"A record of {record.name} is removed.")
    return redirect("sandbox_dns")
