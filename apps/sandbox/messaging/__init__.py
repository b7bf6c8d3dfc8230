"""SendGrid, Mailgun and Twilio, as far as the platform asks them: they take messages, keep them, and tell
what became of them by webhooks that are signed as the real ones are.
"""
