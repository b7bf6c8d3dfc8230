from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "apps.organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from apps.common.access import register_permissions
        from apps.organizations.permissions import PERMISSIONS
        from apps.organizations.provisioning import STEPS
        from apps.tenants.provisioning import register_step

        register_permissions(PERMISSIONS)
        for step in STEPS:
            register_step(step)
