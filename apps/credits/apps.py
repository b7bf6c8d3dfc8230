from django.apps import AppConfig


class CreditsConfig(AppConfig):
    name = "apps.credits"
    verbose_name = "Credits"

    def ready(self) -> None:
        from apps.billing.reconciling.purchases import set_purchase_ledger
        from apps.common.access import register_permissions
        from apps.credits import masks
        from apps.credits.permissions import PERMISSIONS
        from apps.credits.reconciling import grants_compare, purchase_mend

        register_permissions(PERMISSIONS)
        set_purchase_ledger(grants_compare, purchase_mend)
        masks.register()
