"""/Users (RFC 7644, section 3)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from scim2_models import Context, PatchOp, SearchRequest

from apps.organizations.models import DirectoryUser
from apps.organizations.scim.base import ScimView, object_id, page
from apps.organizations.scim.filters import USERS, filter_condition, sort_order
from apps.organizations.scim.resources import (
    UserResource,
    user_data,
    user_resource,
    user_version,
)
from apps.organizations.selectors_directory import directory_user_for, directory_users_for
from apps.organizations.services import (
    DirectoryUserData,
    directory_user_change,
    directory_user_create,
    directory_user_delete,
)


class UsersView(ScimView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.search(request.GET.dict())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        parameters = self.parameters(UserResource)
        resource = UserResource.model_validate(
            self.body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST
        )
        user = directory_user_create(actor=self.actor, data=user_data(resource))
        return self.one(
            user_resource(user, self.base_url),
            Context.RESOURCE_CREATION_RESPONSE,
            parameters,
            status=201,
        )

    def search(self, query: Any) -> HttpResponse:
        """A page of users. Three statements."""
        search = SearchRequest[UserResource].model_validate(query)
        users = directory_users_for(self.actor)
        if search.filter is not None:
            users = users.filter(filter_condition(search.filter, USERS))
        users = users.order_by(*sort_order(search, UserResource, USERS))
        return page(
            search,
            UserResource,
            users.count(),
            lambda start, stop: [user_resource(user, self.base_url) for user in users[start:stop]],
        )


class UsersSearchView(UsersView):
    """The search by POST, which keeps personal data out of addresses (RFC 7644, section 3.4.3)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.search(self.body())


class UserView(ScimView):
    def get(self, request: HttpRequest, user_id: str) -> HttpResponseBase:
        parameters = self.parameters(UserResource)
        user = directory_user_for(self.actor, object_id(user_id))
        return self.one(
            user_resource(user, self.base_url), Context.RESOURCE_QUERY_RESPONSE, parameters
        )

    def put(self, request: HttpRequest, user_id: str) -> HttpResponseBase:
        """An externalId that is left out stays; so does `active` (RFC 7644, section 3.5.1, allows it)."""
        wanted = UserResource.model_validate(
            self.body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST
        )

        def replaced(present: DirectoryUser) -> DirectoryUserData:
            self.check_version(user_version(present))
            wanted.replace(user_resource(present, self.base_url))
            wanted.external_id = wanted.external_id or present.external_id
            return user_data(wanted, present)

        return self._changed(user_id, Context.RESOURCE_REPLACEMENT_RESPONSE, replaced)

    def patch(self, request: HttpRequest, user_id: str) -> HttpResponseBase:
        operations = PatchOp[UserResource].model_validate(
            self.body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST
        )

        def patched(present: DirectoryUser) -> DirectoryUserData:
            self.check_version(user_version(present))
            resource = user_resource(present, self.base_url)
            operations.patch(resource)
            return user_data(resource, present)

        return self._changed(user_id, Context.RESOURCE_PATCH_RESPONSE, patched)

    def delete(self, request: HttpRequest, user_id: str) -> HttpResponse:
        directory_user_delete(
            actor=self.actor,
            user_id=object_id(user_id),
            check=lambda user: self.check_version(user_version(user)),
        )
        return HttpResponse(status=204)

    def _changed(self, user_id: str, context: Context, change: Any) -> HttpResponseBase:
        parameters = self.parameters(UserResource)
        user = directory_user_change(actor=self.actor, user_id=object_id(user_id), change=change)
        return self.one(user_resource(user, self.base_url), context, parameters)
