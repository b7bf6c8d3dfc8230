"""What this service can do, as programs read it (RFC 7644, section 4)."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    External,
    Filter,
    ForbiddenException,
    Meta,
    Pagination,
    Patch,
    Reference,
    Resource,
    ResourceType,
    ServiceProviderConfig,
    Sort,
)
from scim2_models import Group as GroupResource

from apps.common.errors import NotFound
from apps.organizations.scim.base import MAX_COUNT, ScimView, answer
from apps.organizations.scim.resources import UserResource

MODELS: tuple[type[Resource[Any]], ...] = (UserResource, GroupResource)


class DiscoveryView(ScimView):
    """RFC 7644, section 4: a filter on these is a 403, so that nobody takes all for some."""

    def found(self) -> list[Resource[Any]]:
        raise NotImplementedError

    def get(self, request: HttpRequest, key: str = "") -> HttpResponse:
        if "filter" in request.GET:
            raise ForbiddenException(detail="What the service can do is not filtered.")
        rows = [self._dump(resource) for resource in self.found()]
        if key:
            one = next((row for row in rows if str(row["id"]).lower() == key.lower()), None)
            if one is None:
                raise NotFound
            return answer(one)
        return answer(
            {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": len(rows),
                "startIndex": 1,
                "itemsPerPage": len(rows),
                "Resources": rows,
            }
        )

    def _dump(self, resource: Resource[Any]) -> dict[str, Any]:
        kind = type(resource).__name__
        place = f"{self.base_url}/{kind}s/{resource.id}"
        if kind == "ServiceProviderConfig":
            place = f"{self.base_url}/{kind}"
        resource.meta = Meta(resource_type=kind, location=place)
        return resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


class SchemasView(DiscoveryView):
    def found(self) -> list[Resource[Any]]:
        return [schema.model_copy() for schema in _schemas()]


class ResourceTypesView(DiscoveryView):
    def found(self) -> list[Resource[Any]]:
        return [ResourceType.from_resource(model) for model in MODELS]


class ServiceProviderConfigView(DiscoveryView):
    def get(self, request: HttpRequest, key: str = "") -> HttpResponse:
        if "filter" in request.GET:
            raise ForbiddenException(detail="What the service can do is not filtered.")
        return answer(self._dump(_config()))


@cache
def _schemas() -> list[Any]:
    return [model.to_schema() for model in MODELS]


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_COUNT),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod("index"),
            default_page_size=100,
            max_page_size=MAX_COUNT,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A provisioning token of the workspace, made in its settings.",
                spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
                primary=True,
            )
        ],
    )
