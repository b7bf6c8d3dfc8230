"""Tokens and sign-up, for clients without pages. Anybody may call these; none reads a session."""

from allauth.account.adapter import get_adapter
from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import sign_in, token_sessions
from apps.accounts.api.v1 import examples
from apps.accounts.api.v1.serializers import (
    CredentialsSerializer,
    DetailSerializer,
    PasswordResetSerializer,
    RefreshSerializer,
    SignupSerializer,
    TokenPairSerializer,
)
from apps.accounts.oidc.enforcement import require_no_sso
from apps.accounts.selectors import is_member
from apps.accounts.sign_in_policy import require_satisfied, sign_in_policy_of
from apps.accounts.token_sessions import TokenPair
from apps.common.actors import Actor
from apps.common.api.idempotency import Once
from apps.common.api.views import PlatformView
from apps.common.errors import NotFound

MAIL_SENT = "If the address can be used, a mail is on its way to it."


class PublicView(PlatformView):
    """For callers who are nobody yet: their Authorization header and cookies are not looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # Who is nobody has no keys of their own; and answers with tokens are not kept.
    once = Once.NEVER


def _pair(pair: TokenPair) -> Response:
    body = {
        "access": pair.access,
        "refresh": pair.refresh,
        "expires_in_s": settings.ACCESS_TOKEN_LIFETIME_S,
        "token_type": "Bearer",
    }
    return Response(body, headers={"Cache-Control": "no-store"})


class TokenView(PublicView):
    @extend_schema(
        operation_id="auth_token_create",
        summary="Sign in",
        description=(
            "On a tenant's host, or with `X-Tenant`, the tokens are good for that tenant only. "
            "Who has a second factor sends `mfa_code` too, else the answer is 401 `mfa_required`; a wrong "
            "or used code answers 401 `mfa_code_invalid`. A workspace whose policy asks for a second factor "
            "answers 403 `mfa_required` to who has none. "
            "Wrong credentials answer 401 `invalid_credentials`, an address that is not confirmed "
            "403 `email_not_verified`, a workspace that takes sign-ins by its identity provider only 403 "
            "`sso_required`, too many failures 429 with `Retry-After`."
        ),
        request=CredentialsSerializer,
        responses={200: TokenPairSerializer},
        examples=[examples.CREDENTIALS, examples.CREDENTIALS_MFA, examples.TOKEN_PAIR],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        serializer = CredentialsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        http_request = request._request
        given = dict(serializer.validated_data)
        mfa_code = given.pop("mfa_code", "")
        person = sign_in.person_authenticate(http_request, **given)
        methods = sign_in.methods_prove(http_request, person=person, mfa_code=mfa_code)
        http_request.log_person_id = str(person.id)  # type: ignore[attr-defined]
        tenant = getattr(http_request, "tenant", None)
        if getattr(http_request, "tenant_missing", False) or (
            tenant is not None and not is_member(person.id, tenant.id)
        ):
            raise NotFound
        require_no_sso(person, tenant)
        if tenant is not None:
            require_satisfied(sign_in_policy_of(tenant.id).require_mfa, methods)
        pair = token_sessions.token_session_start(
            person=person,
            tenant_id=tenant.id if tenant else None,
            user_agent=request.headers.get("User-Agent", ""),
            ip=get_adapter().get_client_ip(http_request),
            methods=methods,
        )
        return _pair(pair)


class TokenRefreshView(PublicView):
    @extend_schema(
        operation_id="auth_token_refresh",
        summary="Trade a refresh token for new tokens",
        description=(
            "Each refresh token is good once. One that was used before ends the sign-in and all "
            "its tokens: 401 `refresh_token_reused`."
        ),
        request=RefreshSerializer,
        responses={200: TokenPairSerializer},
        examples=[examples.REFRESH, examples.TOKEN_PAIR],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        return _pair(
            token_sessions.token_session_refresh(
                refresh=_refresh(request), actor=Actor.system("token-refresh")
            )
        )


class TokenRevokeView(PublicView):
    @extend_schema(
        operation_id="auth_token_revoke",
        summary="Sign out",
        description="Ends the sign-in of the refresh token. Also 204 for an unknown one.",
        request=RefreshSerializer,
        responses={204: None},
        examples=[examples.REFRESH],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        token_sessions.token_session_sign_out(
            refresh=_refresh(request), actor=Actor.system("token-revoke")
        )
        return Response(status=204)


class SignupView(PublicView):
    @extend_schema(
        operation_id="auth_signup",
        summary="Create an account",
        description=(
            "Sends a link to confirm the address. The answer is the same when somebody has an "
            "account with it; then the mail says so."
        ),
        request=SignupSerializer,
        responses={202: DetailSerializer},
        examples=[examples.SIGNUP, examples.MAIL_SENT],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        serializer = SignupSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sign_in.person_sign_up(request._request, **serializer.validated_data)
        return Response({"detail": MAIL_SENT}, status=202)


class PasswordResetView(PublicView):
    @extend_schema(
        operation_id="auth_password_reset",
        summary="Ask for a link to set a new password",
        request=PasswordResetSerializer,
        responses={202: DetailSerializer},
        examples=[examples.EMAIL, examples.MAIL_SENT],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        serializer = PasswordResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sign_in.password_reset_request(request._request, **serializer.validated_data)
        return Response({"detail": MAIL_SENT}, status=202)


def _refresh(request: Request) -> str:
    serializer = RefreshSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return str(serializer.validated_data["refresh"])
