"""Refusing mails by the link in one. Who has the link needs no sign-in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.common.errors import NotFound
from apps.common.notifying import UNSUBSCRIBE_PATH
from apps.notifications.services import notifications_unsubscribe
from apps.notifications.subjects import subject_of
from apps.notifications.unsubscribing import Link, link_read
from apps.organizations.actors import actor_of_member
from apps.portal.http import PageRequest, error_page


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt
@never_cache
def unsubscribe(request: PageRequest, token: str) -> HttpResponse:
    """RFC 8058: a POST does it, whoever sends it; a page asks before, as programs follow links too.

    `all` in the form: every category. Doing it again changes nothing.
    """
    request.log_path = UNSUBSCRIBE_PATH
    if request.tenant is None:
        raise AssertionError("the address is in a workspace's urls only")
    try:
        link = link_read(token)
    except NotFound as error:
        return error_page(request, error)
    if request.method == "POST":
        if "all" in request.POST:
            link = Link(link.member_id, "")
        _refuse(link, is_one_click=request.POST.get("List-Unsubscribe") == "One-Click")
    subject = subject_of(link.category) if link.category else None
    context = {
        "tenant": request.tenant,
        "label": subject.label if subject else "",
        "is_done": request.method == "POST",
    }
    return render(request, "portal/notifications/unsubscribe.html", context)


def _refuse(link: Link, *, is_one_click: bool) -> None:
    """Who is no member any more gets no mails either."""
    actor = actor_of_member(link.member_id, active_only=False)
    if actor is not None:
        notifications_unsubscribe(
            actor=actor,
            member_id=link.member_id,
            categories=link.categories,
            means="one_click" if is_one_click else "link",
        )
