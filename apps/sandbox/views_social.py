"""Stand-ins for Google and GitHub: the page where people consent, and what their servers answer.

https://developers.google.com/identity/protocols/oauth2/web-server
https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.sandbox.social import (
    PEOPLE,
    RefusedError,
    SocialPerson,
    authorization_of,
    bearer_of,
    denied_url,
    granted_url,
    person_of,
    token_for,
)

NAMES = {"google": "Google", "github": "GitHub"}


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest, provider: str) -> HttpResponse:
    """GET lets people choose who they are there; POST `uid` consents as them, or with none declines."""
    try:
        authorization = authorization_of(request, provider)
        if request.method == "POST":
            uid = request.POST.get("uid")
            url = granted_url(authorization, person_of(uid)) if uid else denied_url(authorization)
            return HttpResponseRedirect(url)
    except RefusedError as error:
        context = {"provider": NAMES[provider], "error": error.code}
        return render(request, "sandbox/social.html", context, status=400)
    chosen = {
        "provider": NAMES[provider],
        "people": PEOPLE,
        "scopes": authorization.scope.split(),
    }
    return render(request, "sandbox/social.html", chosen)


@csrf_exempt
@require_POST
def google_token(request: HttpRequest) -> HttpResponse:
    try:
        token, person, granted = token_for(request, "google")
    except RefusedError as error:
        return JsonResponse({"error": error.code}, status=400)
    return JsonResponse(
        {
            "access_token": token,
            "expires_in": 3599,
            "scope": granted["scope"],
            "token_type": "Bearer",
            "id_token": _id_token(person, granted["client_id"]),
        }
    )


@require_safe
def google_userinfo(request: HttpRequest) -> HttpResponse:
    try:
        person = bearer_of(request)
    except RefusedError as error:
        return JsonResponse({"error": error.code}, status=401)
    return JsonResponse(
        {
            "id": person.uid,
            "email": person.email,
            "verified_email": person.is_verified,
            "name": person.name,
        }
    )


@csrf_exempt
@require_POST
def github_token(request: HttpRequest) -> HttpResponse:
    """Form-encoded unless JSON is asked for; errors have the status 200."""
    try:
        token, _person, granted = token_for(request, "github")
    except RefusedError as error:
        words = {
            "invalid_grant": "bad_verification_code",
            "invalid_client": "incorrect_client_credentials",
        }
        answer = {"error": words.get(error.code, error.code)}
    else:
        scope = ",".join(granted["scope"].split())
        answer = {"access_token": token, "scope": scope, "token_type": "bearer"}
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(answer)
    return HttpResponse(urlencode(answer), content_type="application/x-www-form-urlencoded")


@require_safe
def github_user(request: HttpRequest) -> HttpResponse:
    try:
        person = bearer_of(request)
    except RefusedError:
        return JsonResponse({"message": "Bad credentials"}, status=401)
    # The address in the profile is the public one: most people have none.
    return JsonResponse(
        {"id": int(person.uid), "login": person.login, "name": person.name, "email": None}
    )


@require_safe
def github_emails(request: HttpRequest) -> HttpResponse:
    try:
        person = bearer_of(request)
    except RefusedError:
        return JsonResponse({"message": "Bad credentials"}, status=401)
    address = {
        "email": person.email,
        "primary": True,
        "verified": person.is_verified,
        "visibility": "private",
    }
    return JsonResponse([address], safe=False)


def _id_token(person: SocialPerson, client_id: str) -> str:
    """Signed by whatever key there is: who gets it from the provider itself need not check that.

    OpenID Connect Core 1.0, section 3.1.3.7, point 6.
    """
    now = timezone.now()
    issuer = settings.SOCIALACCOUNT_PROVIDERS["google"].get("ID_TOKEN_ISSUER", "")
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": client_id,
        "azp": client_id,
        "sub": person.uid,
        "email": person.email,
        "email_verified": person.is_verified,
        "name": person.name,
        "given_name": person.name.partition(" ")[0],
        "family_name": person.name.partition(" ")[2],
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    return jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")
