from django.db import migrations

# A tenant may see which customer it is, as in tenants.0002. What Stripe told of, and dj-stripe's copies of its
# objects, name no tenant: only the owner (the system's login) sees them.
ENABLE = """
ALTER TABLE billing_billingcustomer ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_billingcustomer FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON billing_billingcustomer TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY tenant_rows ON billing_billingcustomer
    USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
ALTER TABLE billing_stripeevent ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_stripeevent FORCE ROW LEVEL SECURITY;
CREATE POLICY system_rows ON billing_stripeevent TO CURRENT_USER USING (true) WITH CHECK (true);
"""
# Run again by a later migration when a newer dj-stripe has more tables; a test says so.
ENABLE_DJSTRIPE = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'djstripe\\_%'
          AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY system_rows ON public.%I TO CURRENT_USER USING (true) WITH CHECK (true)', name
        );
    END LOOP;
END $$;
"""
DISABLE_DJSTRIPE = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'djstripe\\_%'
    LOOP
        EXECUTE format('DROP POLICY system_rows ON public.%I', name);
        EXECUTE format('ALTER TABLE public.%I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
"""
DISABLE = """
DROP POLICY system_rows ON billing_stripeevent;
ALTER TABLE billing_stripeevent NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_stripeevent DISABLE ROW LEVEL SECURITY;
DROP POLICY tenant_rows ON billing_billingcustomer;
DROP POLICY system_rows ON billing_billingcustomer;
ALTER TABLE billing_billingcustomer NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing_billingcustomer DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_stripe_inbox"), ("djstripe", "0001_2_11")]

    operations = [
        migrations.RunSQL(ENABLE, DISABLE),
        migrations.RunSQL(ENABLE_DJSTRIPE, DISABLE_DJSTRIPE),
    ]
