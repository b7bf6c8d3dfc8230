from django.apps import AppConfig


class RolesConfig(AppConfig):
    name = "apps.roles"
    verbose_name = "Roles"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.roles.models import Role
        from apps.roles.permissions import PERMISSIONS
        from apps.roles.services import system_roles_ensure
        from apps.tenants.masking import register_masks
        from apps.tenants.provisioning import Step, register_step

        register_permissions(PERMISSIONS)
        register_masks(Role, kept=("code", "name", "description", "permissions"))
        register_step(
            Step("roles", "Setting up roles and permissions", 20, lambda _: system_roles_ensure())
        )
