from django.urls import path

from apps.messaging import webhooks, webhooks_sms

urlpatterns = [
    path("hooks/email/mailgun/", webhooks.MailgunHook.as_view(), name="hook_email_mailgun"),
    path("hooks/email/sendgrid/", webhooks.SendGridHook.as_view(), name="hook_email_sendgrid"),
    path("hooks/sms/twilio/status/", webhooks_sms.status, name="hook_sms_twilio_status"),
    path("hooks/sms/twilio/reply/", webhooks_sms.reply, name="hook_sms_twilio_reply"),
]
