"""/Groups (RFC 7644, section 3). What a group gives its members is decided on the workspace's own pages."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from scim2_models import Context, PatchOp, ResponseParameters, SearchRequest
from scim2_models import Group as GroupResource
from scim2_models import GroupMember as GroupMemberResource

from apps.organizations.models import Group
from apps.organizations.scim.base import ScimView, object_id, page
from apps.organizations.scim.filters import GROUPS, filter_condition, sort_order
from apps.organizations.scim.resources import group_data, group_resource, group_version
from apps.organizations.selectors_directory import group_for, group_members_of, groups_for
from apps.organizations.services import GroupData, group_change, group_create, group_delete


def wants_members(parameters: ResponseParameters[Any]) -> bool:
    """Whether a response shows members at all: there may be thousands, and many clients leave them out."""
    if parameters.attributes:
        return any(_name(path).partition(".")[0] == "members" for path in parameters.attributes)
    return all(_name(path) != "members" for path in parameters.excluded_attributes or [])


def _name(path: Any) -> str:
    """The attribute's name without its schema."""
    return str(path).lower().rpartition(":")[2]


class _View(ScimView):
    def group(
        self,
        group: Group,
        context: Context,
        parameters: ResponseParameters[Any],
        *,
        status: int = 200,
    ) -> HttpResponseBase:
        members = group_members_of([group])[group.id] if wants_members(parameters) else None
        resource = group_resource(group, self.base_url, members)
        return self.one(resource, context, parameters, status=status)


class GroupsView(_View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.search(request.GET.dict())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        parameters = self.parameters(GroupResource)
        resource = GroupResource.model_validate(
            self.body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST
        )
        group = group_create(actor=self.actor, data=group_data(resource))
        return self.group(group, Context.RESOURCE_CREATION_RESPONSE, parameters, status=201)

    def search(self, query: Any) -> HttpResponse:
        """A page of groups. Three statements, two without members."""
        search = SearchRequest[GroupResource].model_validate(query)
        groups = groups_for(self.actor)
        if search.filter is not None:
            groups = groups.filter(filter_condition(search.filter, GROUPS))
        groups = groups.order_by(*sort_order(search, GroupResource, GROUPS))

        def rows(start: int, stop: int) -> list[GroupResource]:
            found = list(groups[start:stop])
            members = group_members_of(found) if wants_members(search) else {}
            return [group_resource(one, self.base_url, members.get(one.id)) for one in found]

        return page(search, GroupResource, groups.count(), rows)


class GroupsSearchView(GroupsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.search(self.body())


class GroupView(_View):
    def get(self, request: HttpRequest, group_id: str) -> HttpResponseBase:
        parameters = self.parameters(GroupResource)
        group = group_for(self.actor, object_id(group_id))
        return self.group(group, Context.RESOURCE_QUERY_RESPONSE, parameters)

    def put(self, request: HttpRequest, group_id: str) -> HttpResponseBase:
        """An externalId that is left out stays (RFC 7644, section 3.5.1, allows it)."""
        wanted = GroupResource.model_validate(
            self.body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST
        )

        def replaced(present: Group, user_ids: frozenset[uuid.UUID]) -> GroupData:
            self.check_version(group_version(present))
            wanted.external_id = wanted.external_id or present.external_id
            return group_data(wanted)

        return self._changed(group_id, Context.RESOURCE_REPLACEMENT_RESPONSE, replaced)

    def patch(self, request: HttpRequest, group_id: str) -> HttpResponseBase:
        operations = PatchOp[GroupResource].model_validate(
            self.body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST
        )

        def patched(present: Group, user_ids: frozenset[uuid.UUID]) -> GroupData:
            self.check_version(group_version(present))
            resource = group_resource(present, self.base_url, None)
            # Only the ids: what clients compare and send, and light enough for thousands.
            resource.members = [
                GroupMemberResource.model_construct(_fields_set={"value"}, value=str(user_id))
                for user_id in user_ids
            ] or None
            operations.patch(resource)
            return group_data(resource)

        return self._changed(group_id, Context.RESOURCE_PATCH_RESPONSE, patched)

    def delete(self, request: HttpRequest, group_id: str) -> HttpResponse:
        group_delete(
            actor=self.actor,
            group_id=object_id(group_id),
            check=lambda group: self.check_version(group_version(group)),
        )
        return HttpResponse(status=204)

    def _changed(self, group_id: str, context: Context, change: Any) -> HttpResponseBase:
        parameters = self.parameters(GroupResource)
        group = group_change(actor=self.actor, group_id=object_id(group_id), change=change)
        return self.group(group, context, parameters)
