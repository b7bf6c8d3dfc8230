"""SCIM on a tenant's host. Addresses have no slash at their end, as in RFC 7644; one is put up with."""

from django.urls import re_path

from apps.organizations.scim.base import NotImplementedView, UnknownView
from apps.organizations.scim.discovery import (
    ResourceTypesView,
    SchemasView,
    ServiceProviderConfigView,
)
from apps.organizations.scim.groups import GroupsSearchView, GroupsView, GroupView
from apps.organizations.scim.users import UsersSearchView, UsersView, UserView

urlpatterns = [
    re_path(r"^scim/v2/Users/?$", UsersView.as_view(), name="scim_users"),
    re_path(r"^scim/v2/Users/\.search/?$", UsersSearchView.as_view(), name="scim_users_search"),
    re_path(r"^scim/v2/Users/(?P<user_id>[^/]+)/?$", UserView.as_view(), name="scim_user"),
    re_path(r"^scim/v2/Groups/?$", GroupsView.as_view(), name="scim_groups"),
    re_path(r"^scim/v2/Groups/\.search/?$", GroupsSearchView.as_view(), name="scim_groups_search"),
    re_path(r"^scim/v2/Groups/(?P<group_id>[^/]+)/?$", GroupView.as_view(), name="scim_group"),
    re_path(r"^scim/v2/ServiceProviderConfig/?$", ServiceProviderConfigView.as_view()),
    re_path(r"^scim/v2/ResourceTypes/?$", ResourceTypesView.as_view()),
    re_path(r"^scim/v2/ResourceTypes/(?P<key>[^/]+)/?$", ResourceTypesView.as_view()),
    re_path(r"^scim/v2/Schemas/?$", SchemasView.as_view()),
    re_path(r"^scim/v2/Schemas/(?P<key>[^/]+)/?$", SchemasView.as_view()),
    re_path(r"^scim/v2/Bulk/?$", NotImplementedView.as_view()),
    re_path(r"^scim/v2/Me/?$", NotImplementedView.as_view()),
    re_path(r"^scim/v2/\.search/?$", NotImplementedView.as_view()),
    re_path(r"^scim/", UnknownView.as_view(), name="scim_unknown"),
]
