from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "apps.organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from apps.accounts.oidc.members import set_members
        from apps.common.access import register_permissions
        from apps.common.api.views import set_actor_source
        from apps.common.entitlements import register_entitlements
        from apps.organizations import masks
        from apps.organizations.actors import actor_for
        from apps.organizations.entitlements import ENTITLEMENTS
        from apps.organizations.key_places import PLACES
        from apps.organizations.offboarding import register_ownable
        from apps.organizations.organization_settings import SETTINGS
        from apps.organizations.ownables import OWNABLES
        from apps.organizations.permissions import PERMISSIONS
        from apps.organizations.provisioning import STEPS
        from apps.organizations.services.provider_members import ProviderMembers
        from apps.organizations.setting_registry import register_settings
        from apps.roles.places import set_places
        from apps.tenants.provisioning import register_step

        set_places(PLACES)
        set_actor_source(actor_for)
        set_members(ProviderMembers())
        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        register_settings(SETTINGS)
        masks.register()
        register_ownable(*OWNABLES)
        for step in STEPS:
            register_step(step)
