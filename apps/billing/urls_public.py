from django.urls import path

from apps.billing import views

urlpatterns = [path("hooks/stripe/", views.stripe_hook, name="stripe_hook")]
