from django.urls import path

from apps.onboarding.api.v1 import views

urlpatterns = [
    path("onboarding/", views.OnboardingView.as_view(), name="api_onboarding"),
    path(
        "onboarding/workflows/<slug:workflow>/dismiss/",
        views.WorkflowDismissView.as_view(),
        name="api_onboarding_dismiss",
    ),
    path(
        "onboarding/workflows/<slug:workflow>/restore/",
        views.WorkflowRestoreView.as_view(),
        name="api_onboarding_restore",
    ),
    path(
        "onboarding/<str:step>/complete/",
        views.StepCompleteView.as_view(),
        name="api_onboarding_complete",
    ),
    path("onboarding/<str:step>/skip/", views.StepSkipView.as_view(), name="api_onboarding_skip"),
    path(
        "onboarding/<str:step>/reopen/",
        views.StepReopenView.as_view(),
        name="api_onboarding_reopen",
    ),
]
