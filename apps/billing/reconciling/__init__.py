"""What we have of billing, compared with what Stripe has; what differs is mended, or a person is told."""

from apps.billing.reconciling.findings import Finding, Report
from apps.billing.reconciling.running import customers_reconcile, reconcile, survey

__all__ = ["Finding", "Report", "customers_reconcile", "reconcile", "survey"]
