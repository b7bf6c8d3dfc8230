from django.urls import path

from apps.feedback.api.v1 import views

urlpatterns = [
    path("surveys/prompt/", views.SurveyPromptView.as_view(), name="api_survey_prompt"),
    path(
        "surveys/<str:code>/responses/",
        views.SurveyResponsesView.as_view(),
        name="api_survey_responses",
    ),
    path(
        "surveys/<str:code>/dismiss/", views.SurveyDismissView.as_view(), name="api_survey_dismiss"
    ),
]
