from django.apps import AppConfig


class RolesConfig(AppConfig):
    name = "apps.roles"
    verbose_name = "Roles"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.common.entitlements import register_entitlements
        from apps.roles import checks, masks  # noqa: F401  # the checks register themselves
        from apps.roles.api import openapi  # noqa: F401  # registers the scheme
        from apps.roles.entitlements import ENTITLEMENTS
        from apps.roles.models import ApiKey
        from apps.roles.permissions import PERMISSIONS
        from apps.roles.services import system_roles_ensure
        from apps.tenants.exports.withheld import register_withheld
        from apps.tenants.provisioning import Step, register_step

        register_permissions(PERMISSIONS)
        register_entitlements(ENTITLEMENTS)
        register_withheld(ApiKey, "digest", "previous_digest")
        masks.register()
        register_step(
            Step("roles", "Setting up roles and permissions", 20, lambda _: system_roles_ensure())
        )
