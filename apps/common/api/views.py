"""Bases of the API's views. A view translates HTTP; services and selectors decide."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import parse_etags
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from apps.common.access import authorize, paths_allowed
from apps.common.actors import Actor, ActorKind
from apps.common.api.deprecation import Deprecation, deprecations_of, note_use
from apps.common.api.exceptions import PreconditionFailed, TenantRequired
from apps.common.api.fields import QuerySerializer
from apps.common.api.idempotency import HEADER as IDEMPOTENCY_KEY
from apps.common.api.idempotency import Once, done_once
from apps.common.api.limits import LimitedView
from apps.common.api.listing import Listing, listed, listed_rows
from apps.common.api.pagination import CursorPagination, PageRequest
from apps.common.api.principals import MachinePrincipal
from apps.common.api.renderers import to_json
from apps.common.api.shaping import Expansion, Shape, is_shaped, not_shaped, without_shaping
from apps.common.errors import NotAuthenticated, NotFound
from apps.common.gate import notes_of
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context

# What a person may do is known by the organizations app, which is layers above.
_actor_source: Callable[[Any, Proof | None], Actor] | None = None


def set_actor_source(source: Callable[[Any, Proof | None], Actor]) -> None:
    """Called once by the organizations app: a person, and how their sign-in was proved, as an actor of the
    entered tenant; or NotFound, or PermissionDenied by the tenant's sign-in policy."""
    global _actor_source  # noqa: PLW0603 - set once at start
    _actor_source = source


class PlatformView(LimitedView):
    """Reads input, answers with pages and versions. Every list is a page of a cursor."""

    pagination_class: ClassVar[type[CursorPagination]] = CursorPagination
    needs_tenant: ClassVar[bool] = False
    # For the OpenAPI document: methods that send or compare an ETag, and what else each may answer.
    etag_methods: ClassVar[tuple[str, ...]] = ()
    problems: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # How its POST is done once by the header Idempotency-Key.
    once: ClassVar[Once] = Once.WITH_CHANGE
    # Methods that something better replaced.
    deprecated: ClassVar[Mapping[str, Deprecation]] = {}
    # Whether its lists and versioned objects take `?fields=`, as what page(), whole(), versioned() and data()
    # answer does; and what `?expand=` adds to objects that name another by its id.
    is_shapeable: ClassVar[bool] = True
    expandable: ClassVar[Mapping[str, Expansion]] = {}
    request: Request
    # Of a read with `?fields=` or `?expand=`.
    shape: Shape | None = None

    @property
    def actor(self) -> Actor:
        """Who asks. Of a view for anybody: nobody."""
        raise NotAuthenticated

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """The framework's checks; then what the request asks for besides is wrapped around its handler.

        Raises InvalidInput for a key, a field or an expansion that is none.
        """
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and self.once.is_kept and IDEMPOTENCY_KEY in request.headers:
            handler = getattr(self, "post", self.http_method_not_allowed)
            vars(self)["post"] = done_once(self.once, self.actor, request, handler)
        if (deprecation := self.deprecated.get(str(request.method))) is not None:
            self._warn(str(request.method), deprecation)
        if request.method == "GET" and is_shaped(request.query_params):
            self.shape = Shape(request.query_params, self.expandable)
            vars(self)["get"] = self._shaped(getattr(self, "get", self.http_method_not_allowed))

    def _shaped(self, handler: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Refuses the parameters, rather than ignoring them, where the handler did not look at them."""

        def handle(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = handler(request, *args, **kwargs)
            if self.shape is not None and not self.shape.is_applied and response.status_code == 200:
                raise not_shaped(request.query_params)
            return response

        return handle

    def _warn(self, what: str, deprecation: Deprecation) -> None:
        """By the headers of the answer, whatever it will be; and operators by the log."""
        self.headers.update(deprecation.headers())
        note_use(f"{type(self).__name__} {what}", self.actor)

    def body(self, serializer_class: type[Serializer], *, partial: bool = False) -> dict[str, Any]:
        """The validated body. Raises ValidationError."""
        serializer = serializer_class(data=self.request.data, partial=partial)
        for name, deprecation in deprecations_of(serializer_class, self.request.data).items():
            self._warn(name, deprecation)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def query(self, serializer_class: type[QuerySerializer] = QuerySerializer) -> dict[str, Any]:
        """The validated query parameters. Raises ValidationError."""
        sent = self.request.query_params
        serializer = serializer_class(data=without_shaping(sent) if self.shape else sent)
        for name, deprecation in deprecations_of(serializer_class, serializer.initial_data).items():
            self._warn(name, deprecation)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def page(
        self,
        rows: QuerySet[Any],
        serializer_class: type[BaseSerializer],
        ordering: tuple[str, ...] = ("id",),
        present: Callable[[list[Any]], Sequence[Any]] | None = None,
        *,
        again: bool = False,
    ) -> Response:
        """One page of the rows. ordering: total, and its first field tells most rows apart.

        present: makes of the page's rows what is serialized. again: the rows depend on tables, on what the
        caller may do and on the address's query string alone, not on the time: the gateway may read the page
        once more without asking Django.
        """

        read = partial(_read, self.pagination_class, rows, ordering, present)
        if self.shape is not None:
            paginator, found = read(self.request)
            return paginator.get_paginated_response(self.data(serializer_class(found, many=True)))
        answer = partial(_answer, read, _reader(serializer_class))  # type: ignore[arg-type]
        if again and (notes := notes_of(self.request.META)):
            asked = PageRequest.of(self.request)
            notes.page = lambda: to_json(answer(asked).data)
        return answer(self.request)

    def listed(self, listing: Listing, scope: Hashable) -> Response:
        """One page of a list that PostgreSQL renders. scope: all of the caller that the rows depend on."""
        if self.shape is None:
            return Response(listed(listing, scope, self.request, self.query))
        shape, actor = self.shape, self.actor
        names = list(listing.serializer().fields)  # type: ignore[attr-defined]
        page = listed_rows(listing, scope, self.request, self.query)
        return Response(page | {"results": shape.of_rows(names, page["results"], actor)})

    def data(self, serializer: BaseSerializer) -> Any:
        """What it serializes, in the shape that was asked for. Raises InvalidInput."""
        if self.shape is None:
            return serializer.data
        return self.shape.of(serializer, self.actor if self.shape.expand else None)

    def whole(self, rows: Sequence[Any], serializer_class: type[BaseSerializer]) -> Response:
        """A list that is short by nature, in the shape of a page."""
        results = self.data(serializer_class(rows, many=True))
        return Response({"next": None, "previous": None, "results": results})

    def versioned(
        self, instance: Model, serializer_class: type[BaseSerializer], *, status: int = 200
    ) -> HttpResponseBase:
        """One object with its ETag; 304 if the caller has this version already."""
        # Of the whole object, so that a part of it has the version that If-Match is compared with.
        data = serializer_class(instance).data
        etag = etag_of(data)
        if self.shape is not None:
            data = self.data(serializer_class(instance))
        response = Response(data, status=status, headers={"ETag": etag})
        if self.request.method not in ("GET", "HEAD"):
            return response
        request = self.request._request
        answer = get_conditional_response(request, etag=etag, response=response)
        if answer is not None and answer.status_code == PreconditionFailed.status:
            raise PreconditionFailed
        return answer or response

    @property
    def has_condition(self) -> bool:
        return "If-Match" in self.request.headers

    def check_condition(self, instance: Model, serializer_class: type[BaseSerializer]) -> None:
        """Compare If-Match, if it was sent, with the object, which the caller then has locked.

        Raises PreconditionFailed.
        """
        if not self.has_condition:
            return
        sent = parse_etags(self.request.headers["If-Match"])
        if sent != ["*"] and etag_of(serializer_class(instance).data) not in sent:
            raise PreconditionFailed


Read = Callable[[Any], tuple[CursorPagination, Sequence[Any]]]


def _read(
    pagination_class: type[CursorPagination],
    rows: QuerySet[Any],
    ordering: tuple[str, ...],
    present: Callable[[list[Any]], Sequence[Any]] | None,
    request: Any,
) -> tuple[CursorPagination, Sequence[Any]]:
    """Apart from the view, which would keep its request as long as this."""
    paginator = pagination_class()
    paginator.ordering = ordering  # type: ignore[assignment]
    found: Sequence[Any] = paginator.paginate_queryset(rows, request) or ()
    return paginator, found if present is None else present(list(found))


def _answer(read: Read, reader: BaseSerializer, request: Any) -> Response:
    paginator, found = read(request)
    return paginator.get_paginated_response([reader.to_representation(row) for row in found])


@cache
def _reader(serializer_class: type[BaseSerializer]) -> BaseSerializer:
    """One for all: the framework builds the fields of a new one as long as it takes to write 20 rows."""
    return serializer_class()


def etag_of(data: Any) -> str:
    """A strong validator: equal exactly when the representation is."""
    return f'"{hashlib.sha256(to_json(data)).hexdigest()[:32]}"'


def _actor_of(http_request: Any, person: Any) -> Actor:
    """What is remembered of the caller in this tenant, or what the source reads now.

    A program brings its actor along, which is good in one tenant.
    """
    if isinstance(person, MachinePrincipal):
        if person.actor.tenant_id != http_request.tenant.id:
            raise NotFound
        return person.actor
    if _actor_source is None:
        raise ImproperlyConfigured("no app has called set_actor_source()")
    authorization = getattr(http_request, "authorization", None)
    if authorization is None:
        return _actor_source(person, getattr(http_request, "proof", None))
    if authorization.actor is None:
        authorization.actor = _actor_source(person, authorization.proof)
    actor: Actor = authorization.actor
    return actor


class IsInTenant(BasePermission):
    """Signed in (401), in a tenant (400), which exists and which one is a member of (404).

    And holds, somewhere, what the view `needs` for the method (403).
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        http_request: Any = request._request
        notes = notes_of(http_request.META)
        if not request.user.is_authenticated:
            if notes:
                notes.is_refused = True
            raise NotAuthenticated
        if getattr(http_request, "tenant", None) is None:
            raise NotFound() if getattr(http_request, "tenant_missing", False) else TenantRequired()
        http_request.actor = actor = _actor_of(http_request, request.user)
        # Named by a header or a token: only its members are told that it is there.
        if unavailable := http_request.tenant.unavailable:
            raise unavailable
        needed = getattr(view, "needs", {}).get(
            "GET" if request.method == "HEAD" else request.method
        )
        if notes:
            notes.tenant = http_request.tenant.ref
            if actor.good_until is not None:
                notes.good_until_s = min(notes.good_until_s, actor.good_until.timestamp())
        # Held nowhere: refused before the input is looked at. Where it counts, the service checks.
        if needed and paths_allowed(actor, needed) == []:
            if notes:
                notes.is_refused = True
            authorize(actor, needed)
        return True


class TenantView(PlatformView):
    """Acts in the request's tenant as `self.actor`: one statement, none in a process that remembers it."""

    permission_classes = (IsInTenant,)
    needs_tenant = True
    # The permission for each method, where it does not depend on the input.
    needs: ClassVar[Mapping[str, str]] = {}

    @property
    def actor(self) -> Actor:
        actor: Actor = self.request._request.actor  # type: ignore[attr-defined]
        return actor


class PersonView(PlatformView):
    """Acts as a signed-in person in no tenant: the host and X-Tenant make no difference."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        http_request: Any = request
        http_request.tenant, http_request.tenant_by_header = None, None
        http_request.tenant_missing = False
        with tenant_context(None):
            return super().dispatch(request, *args, **kwargs)

    @property
    def actor(self) -> Actor:
        person: Any = self.request.user
        proof = getattr(self.request._request, "proof", None)
        return Actor(ActorKind.PERSON, person.email, person_id=person.pk, proof=proof)
