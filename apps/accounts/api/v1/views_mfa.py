"""A person's second factors, and proving again who one is. The host and X-Tenant make no difference."""

from allauth.mfa.adapter import get_adapter
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import factors, sign_in
from apps.accounts.api.v1 import examples
from apps.accounts.api.v1.serializers import (
    CodeSerializer,
    FactorsSerializer,
    ReauthenticateSerializer,
    RecoveryCodesSerializer,
    TotpSetupSerializer,
)
from apps.accounts.enums import SignInMethod
from apps.accounts.models import Person
from apps.accounts.oidc.external import ExternalClaims
from apps.accounts.proof import session_prove
from apps.accounts.token_sessions import token_session_prove
from apps.accounts.tokens import AccessClaims
from apps.common.actors import Actor
from apps.common.api.idempotency import Once
from apps.common.api.views import PersonView
from apps.common.errors import Conflict, NotAuthenticated, NotFound

NO_STORE = {"Cache-Control": "no-store"}
RECENT = (
    "Needs a sign-in, or an `auth/reauthenticate/`, within the last ten minutes: else 403 "
    "`reauthentication_required`."
)


class _FactorView(PersonView):
    once = Once.NEVER

    @property
    def person(self) -> Person:
        if not isinstance(self.request.user, Person):
            raise NotAuthenticated
        return self.request.user

    @property
    def scope(self) -> str:
        """Which sign-in asks: what one begins, no other finishes."""
        claims = self.request.auth
        if isinstance(claims, AccessClaims):
            return str(claims.session_id)
        if isinstance(claims, ExternalClaims):
            return f"{claims.provider_id}:{claims.subject}:{claims.sid}"
        return str(self.request._request.session.session_key)


class FactorsView(_FactorView):
    @extend_schema(
        operation_id="auth_mfa_retrieve",
        summary="Your second factors",
        responses={200: FactorsSerializer},
        examples=[examples.FACTORS],
    )
    def get(self, request: Request) -> Response:
        return Response(FactorsSerializer(factors.factors_of(self.person.id)).data)


class TotpView(_FactorView):
    problems = {"POST": ("403", "409"), "DELETE": ("403", "404")}

    @extend_schema(
        operation_id="auth_mfa_totp_create",
        summary="Begin to set up an authenticator app",
        description=(
            "Give the secret to the app, then send a code of it to `auth/mfa/totp/confirm/` within a quarter "
            f"of an hour. 409 `totp_exists` when there is one. {RECENT}"
        ),
        request=None,
        responses={200: TotpSetupSerializer},
        examples=[examples.TOTP_SETUP],
    )
    def post(self, request: Request) -> Response:
        secret = factors.totp_setup(actor=self.actor, person_id=self.person.id, scope=self.scope)
        uri = get_adapter().build_totp_url(self.person, secret)
        return Response({"secret": secret, "uri": uri}, headers=NO_STORE)

    @extend_schema(
        operation_id="auth_mfa_totp_delete",
        summary="Remove the authenticator app",
        description=f"With the last second factor go the recovery codes. {RECENT}",
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        totp = factors.factors_of(self.person.id).totp
        if totp is None:
            raise NotFound
        factors.factor_remove(actor=self.actor, factor_id=totp.pk)
        return Response(status=204)


class TotpConfirmView(_FactorView):
    problems = {"POST": ("403", "409")}

    @extend_schema(
        operation_id="auth_mfa_totp_confirm",
        summary="Finish setting up an authenticator app",
        description=(
            "Answers the recovery codes that are left. The sign-in that confirms counts as one with a second "
            f"factor from now on. A wrong code answers 400 `code_invalid`. {RECENT}"
        ),
        request=CodeSerializer,
        responses={201: RecoveryCodesSerializer},
        examples=[examples.TOTP_CODE, examples.RECOVERY_CODES],
    )
    def post(self, request: Request) -> Response:
        code = self.body(CodeSerializer)["code"]
        factors.totp_add(actor=self.actor, person_id=self.person.id, scope=self.scope, code=code)
        note_proof(request, self.actor, {SignInMethod.TOTP})
        recovery = factors.factors_of(self.person.id).recovery
        codes = recovery.get_unused_codes() if recovery else []
        return Response({"recovery_codes": codes}, status=201, headers=NO_STORE)


class RecoveryCodesView(_FactorView):
    problems = {"POST": ("403", "409")}

    @extend_schema(
        operation_id="auth_mfa_recovery_codes_create",
        summary="Make new recovery codes",
        description=f"Those of before are void. 409 `no_factor` without a second factor. {RECENT}",
        request=None,
        responses={201: RecoveryCodesSerializer},
        examples=[examples.RECOVERY_CODES],
    )
    def post(self, request: Request) -> Response:
        codes = factors.recovery_codes_generate(actor=self.actor, person_id=self.person.id)
        return Response({"recovery_codes": codes}, status=201, headers=NO_STORE)


class ReauthenticateView(_FactorView):
    problems = {"POST": ("409",)}

    @extend_schema(
        operation_id="auth_reauthenticate",
        summary="Prove again that it is you",
        description=(
            "For ten minutes this sign-in may do what is sensitive. With `mfa_code` it also counts as one "
            "with a second factor. Wrong ones answer 401 `invalid_credentials` or `mfa_code_invalid`, too "
            "many of them 429 with `Retry-After`. Who calls with a token of the identity provider proves it "
            "there (`max_age` or `prompt=login`), and comes with the new token: here 409 `prove_at_provider`."
        ),
        request=ReauthenticateSerializer,
        responses={204: None},
        examples=[examples.REAUTHENTICATE],
    )
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, ExternalClaims):
            raise Conflict(
                _("Ask the identity provider for a token with a later `auth_time`."),
                code="prove_at_provider",
            )
        given = self.body(ReauthenticateSerializer)
        methods: set[str] = set()
        if "password" in given:
            sign_in.person_authenticate(
                request._request, email=self.person.email, password=given["password"]
            )
            methods.add(SignInMethod.PASSWORD)
        if "mfa_code" in given:
            methods.add(
                sign_in.second_factor_prove(
                    request._request, person=self.person, code=given["mfa_code"]
                )
            )
        note_proof(request, self.actor, methods)
        return Response(status=204)


def note_proof(request: Request, actor: Actor, methods: set[str]) -> None:
    """In the API sign-in, or the host's session, that the request is authenticated by."""
    claims = request.auth
    if isinstance(claims, AccessClaims):
        token_session_prove(
            actor=actor,
            person_id=claims.person_id,
            session_id=claims.session_id,
            methods=methods,
        )
    else:
        session_prove(request._request, methods)
