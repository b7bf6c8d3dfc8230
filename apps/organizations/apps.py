from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "apps.organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from apps.accounts.oidc.members import set_members
        from apps.common.access import register_permissions
        from apps.common.api.views import set_actor_source
        from apps.organizations import masks
        from apps.organizations.permissions import PERMISSIONS
        from apps.organizations.provisioning import STEPS
        from apps.organizations.selectors import actor_for
        from apps.organizations.services.provider_members import ProviderMembers
        from apps.tenants.provisioning import register_step

        set_actor_source(actor_for)
        set_members(ProviderMembers())
        register_permissions(PERMISSIONS)
        masks.register()
        for step in STEPS:
            register_step(step)
