from django.urls import path

from apps.sandbox import views, views_dns, views_pwned, views_social
from apps.sandbox.messaging import mailgun, pages, sendgrid, twilio
from apps.sandbox.oidc import views as oidc
from apps.sandbox.oidc import views_pages as oidc_pages
from apps.sandbox.push import apns as push_apns
from apps.sandbox.push import fcm as push_fcm
from apps.sandbox.push import pages as push_pages
from apps.sandbox.push import web as push_web
from apps.sandbox.stripe import api as stripe_api
from apps.sandbox.stripe import control as stripe_control
from apps.sandbox.stripe.pages import account as stripe_account
from apps.sandbox.stripe.pages import authenticate as stripe_authenticate
from apps.sandbox.stripe.pages import checkout as stripe_checkout
from apps.sandbox.stripe.pages import invoices as stripe_invoices
from apps.sandbox.stripe.pages import portal as stripe_portal
from apps.sandbox.stripe.pages import portal_subscriptions as stripe_subscriptions

urlpatterns = [
    path("stripe/", stripe_account.account, name="sandbox_stripe"),
    path("stripe/advance/", stripe_account.advance, name="sandbox_stripe_advance"),
    path("stripe/fail/", stripe_account.fail, name="sandbox_stripe_fail"),
    path("stripe/objects/<str:object_id>/", stripe_account.stored, name="sandbox_stripe_object"),
    path(
        "stripe/events/<str:event_id>/resend/",
        stripe_account.resend,
        name="sandbox_stripe_resend",
    ),
    path("stripe/v1/<path:path>", stripe_api.api, name="sandbox_stripe_api"),
    path("stripe/control/<slug:action>/", stripe_control.control, name="sandbox_stripe_control"),
    path(
        "stripe/checkout/<str:session_id>/",
        stripe_checkout.checkout_page,
        name="sandbox_stripe_checkout",
    ),
    path(
        "stripe/authenticate/<str:object_id>/",
        stripe_authenticate.authenticate,
        name="sandbox_stripe_authenticate",
    ),
    path("stripe/portal/<str:session_id>/", stripe_portal.home, name="sandbox_stripe_portal"),
    path(
        "stripe/portal/<str:session_id>/card/",
        stripe_portal.card,
        name="sandbox_stripe_portal_card",
    ),
    path(
        "stripe/portal/<str:session_id>/billing/",
        stripe_portal.billing,
        name="sandbox_stripe_portal_billing",
    ),
    path(
        "stripe/portal/<str:session_id>/tax-id/",
        stripe_portal.tax_id,
        name="sandbox_stripe_portal_tax_id",
    ),
    path(
        "stripe/portal/<str:session_id>/act/", stripe_portal.act, name="sandbox_stripe_portal_act"
    ),
    path(
        "stripe/portal/<str:session_id>/cancel/<str:subscription_id>/",
        stripe_subscriptions.cancel,
        name="sandbox_stripe_portal_cancel",
    ),
    path(
        "stripe/portal/<str:session_id>/update/<str:subscription_id>/",
        stripe_subscriptions.update,
        name="sandbox_stripe_portal_update",
    ),
    path(
        "stripe/i/<str:invoice_id>/<str:token>/",
        stripe_invoices.invoice_page,
        name="sandbox_stripe_invoice",
    ),
    path(
        "stripe/i/<str:invoice_id>/<str:token>/pdf/",
        stripe_invoices.invoice_pdf_file,
        name="sandbox_stripe_invoice_pdf",
    ),
    path(
        "stripe/cn/<str:note_id>/<str:token>/pdf/",
        stripe_invoices.credit_note_pdf_file,
        name="sandbox_stripe_credit_note_pdf",
    ),
    path("inbox/", views.inbox, name="sandbox_inbox"),
    path("inbox/<uuid:email_id>/", views.email, name="sandbox_email"),
    path("inbox/<uuid:email_id>/html/", views.email_html, name="sandbox_email_html"),
    path("sms/", pages.sms, name="sandbox_sms"),
    path("senders/", pages.senders, name="sandbox_senders"),
    path("senders/control/", pages.control, name="sandbox_senders_control"),
    path("senders/counts/", pages.counts, name="sandbox_senders_counts"),
    path("sendgrid/v3/mail/send", sendgrid.send, name="sandbox_sendgrid_send"),
    path("sendgrid/v3/messages", sendgrid.activity, name="sandbox_sendgrid_activity"),
    path(
        "sendgrid/v3/messages/<uuid:message_id>",
        sendgrid.activity_of,
        name="sandbox_sendgrid_activity_of",
    ),
    path("mailgun/v3/<str:domain>/messages", mailgun.messages, name="sandbox_mailgun_messages"),
    path("mailgun/v3/<str:domain>/events", mailgun.events, name="sandbox_mailgun_events"),
    path(
        "twilio/2010-04-01/Accounts/<str:account>/Messages.json",
        twilio.messages,
        name="sandbox_twilio_messages",
    ),
    path("push/", push_pages.index, name="sandbox_push"),
    path("push/control/", push_pages.control, name="sandbox_push_control"),
    path("push/counts/", push_pages.counts, name="sandbox_push_counts"),
    path("push/receivers/", push_pages.receivers, name="sandbox_push_receivers"),
    path(
        "push/receivers/<str:receiver_id>/remove/",
        push_pages.receiver_remove,
        name="sandbox_push_receiver_remove",
    ),
    path("push/web/<str:receiver_id>", push_web.push, name="sandbox_push_web"),
    path("push/google/token", push_fcm.token, name="sandbox_push_google_token"),
    path(
        "push/fcm/v1/projects/<str:project>/messages:send",
        push_fcm.send,
        name="sandbox_push_fcm_send",
    ),
    path("push/apns/3/device/<str:receiver_id>", push_apns.device, name="sandbox_push_apns"),
    path("dns/", views_dns.records, name="sandbox_dns"),
    path("dns/<uuid:record_id>/remove/", views_dns.remove, name="sandbox_dns_remove"),
    path("oidc/", oidc_pages.providers, name="sandbox_oidc"),
    path("oidc/<slug:slug>/misbehave/", oidc_pages.misbehave, name="sandbox_oidc_misbehave"),
    path("oidc/<slug:slug>/rotate/", oidc_pages.rotate, name="sandbox_oidc_rotate"),
    path("oidc/<slug:slug>/sign-out/", oidc_pages.sign_out, name="sandbox_oidc_sign_out"),
    path(
        "oidc/<slug:slug>/.well-known/openid-configuration",
        oidc.discovery,
        name="sandbox_oidc_discovery",
    ),
    path("oidc/<slug:slug>/authorize/", oidc.authorize, name="sandbox_oidc_authorize"),
    path("oidc/<slug:slug>/token/", oidc.token, name="sandbox_oidc_token"),
    path("oidc/<slug:slug>/userinfo/", oidc.userinfo, name="sandbox_oidc_userinfo"),
    path("oidc/<slug:slug>/jwks/", oidc.jwks, name="sandbox_oidc_jwks"),
    path("oidc/<slug:slug>/end-session/", oidc.end_session, name="sandbox_oidc_end_session"),
    path("pwned-passwords/range/<str:prefix>", views_pwned.pwned_range, name="sandbox_pwned_range"),
    path(
        "google/o/oauth2/v2/auth",
        views_social.authorize,
        {"provider": "google"},
        name="sandbox_google_authorize",
    ),
    path("google/token", views_social.google_token, name="sandbox_google_token"),
    path("google/oauth2/v2/userinfo", views_social.google_userinfo, name="sandbox_google_userinfo"),
    path(
        "github/login/oauth/authorize",
        views_social.authorize,
        {"provider": "github"},
        name="sandbox_github_authorize",
    ),
    path("github/login/oauth/access_token", views_social.github_token, name="sandbox_github_token"),
    path("github/api/v3/user", views_social.github_user, name="sandbox_github_user"),
    path("github/api/v3/user/emails", views_social.github_emails, name="sandbox_github_emails"),
]
