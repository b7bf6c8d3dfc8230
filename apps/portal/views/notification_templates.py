"""A workspace's own words for what its people are told."""

import secrets
from typing import Any

from csp.decorators import csp_replace, csp_update
from django.contrib import messages
from django.core.cache import caches
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.enums import Language
from apps.common.errors import Conflict, InvalidInput, NotFound, RateLimited
from apps.common.notifying import notification_categories
from apps.notifications import services
from apps.notifications.channels.email import mail_of
from apps.notifications.content import Words
from apps.notifications.own_words import example_content, words_clean, words_validate
from apps.notifications.selectors_templates import Template, template_for, templates_for
from apps.portal.forms.notifications import WordsForm
from apps.portal.http import WorkspaceRequest, add_errors, workspace_page

# For so long a preview can be looked at.
PREVIEW_S = 600
# A mail has its styles in itself; nothing else of it works, wherever it is shown.
MAIL_CSP = {
    **{name: ["'none'"] for name in ("default-src", "script-src", "img-src", "form-action")},
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}


@require_safe
@workspace_page
def index(request: WorkspaceRequest) -> HttpResponse:
    """One statement."""
    rows: dict[str, dict[str, Any]] = {}
    for template in templates_for(request.actor):
        row = rows.setdefault(template.kind.code, {"kind": template.kind, "templates": []})
        row["templates"].append(template)
    groups = [
        {
            "category": category,
            "rows": [one for one in rows.values() if one["kind"].category == category.code],
        }
        for category in notification_categories()
    ]
    context = {"groups": [one for one in groups if one["rows"]], "languages": Language}
    return render(request, "portal/notifications/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page  # type: ignore[arg-type]  # as the decorator below types views
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]
def edit(request: WorkspaceRequest, kind: str, language: str) -> HttpResponse:
    """By the button: save (the first one), preview or send a test of what is in the form."""
    template = template_for(request.actor, kind, language)
    form = WordsForm(request.POST if request.method == "POST" else None, template=template)
    if form.is_valid():
        act = request.POST.get("act", "save")
        try:
            if act == "save":
                services.template_set(
                    actor=request.actor, code=kind, language=language, words=form.words()
                )
                messages.success(request, "Your words are saved.")
                return redirect("notification-template", kind, language)
            if act == "test":
                services.template_test_send(
                    actor=request.actor,
                    tenant=request.tenant,
                    to=request.user.email,
                    code=kind,
                    language=language,
                    words=form.words(),
                )
                messages.success(request, f"A test is on its way to {request.user.email}.")
        except (InvalidInput, Conflict, RateLimited) as error:
            add_errors(form, error)
    words = form.words() if form.is_bound and form.is_valid() else template.words
    context = {
        "template": template,
        "form": form,
        "languages": Language,
        "email": request.user.email,
        **_previewed(request, template, words),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/notifications/template.html", context, status=status)


@require_POST
@workspace_page
def preview(request: WorkspaceRequest, kind: str, language: str) -> HttpResponse:
    """What is in the form, for a page that is open."""
    template = template_for(request.actor, kind, language)
    form = WordsForm(request.POST, template=template)
    problems: list[str] = []
    words = Words()
    if form.is_valid():
        words = words_clean(form.words())
        try:
            words_validate(template.kind, words)
        except InvalidInput as error:
            problems = [f"{form.fields[e.attr or ''].label}: {e.detail}" for e in error.errors]
    else:
        problems = [f"{form.fields[name].label}: {e[0]}" for name, e in form.errors.items()]
    context = {"problems": problems, **_previewed(request, template, words)}
    return render(request, "portal/notifications/_template_preview.html", context)


@require_POST
@workspace_page
def reset(request: WorkspaceRequest, kind: str, language: str) -> HttpResponse:
    services.template_reset(actor=request.actor, code=kind, language=language)
    messages.success(request, "The platform’s words are back.")
    return redirect("notification-template", kind, language)


@require_safe
@workspace_page  # type: ignore[arg-type]
@xframe_options_sameorigin
@csp_replace(MAIL_CSP)  # type: ignore[arg-type]
def mail(request: WorkspaceRequest, token: str) -> HttpResponse:
    """The HTML of a preview that the actor made just now."""
    html = caches["global"].get(_key(request, token))
    if html is None:
        raise NotFound
    return HttpResponse(html)


def _previewed(request: WorkspaceRequest, template: Template, words: Words) -> dict[str, Any]:
    content = example_content(template.kind, template.language, request.tenant, words)
    found = mail_of(content, request.tenant, request.user.email, template.language)
    token = secrets.token_urlsafe(16)
    html, _kind = found.alternatives[0]
    caches["global"].set(_key(request, token), html, PREVIEW_S)
    return {"content": content, "text": found.body, "subject": found.subject, "token": token}


def _key(request: WorkspaceRequest, token: str) -> str:
    return f"notifications:preview:{request.tenant.id}:{request.actor.member_id}:{token}"
