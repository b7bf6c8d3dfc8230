from django.apps import AppConfig


class AdoptionConfig(AppConfig):
    name = "apps.adoption"
    verbose_name = "Adoption"

    def ready(self) -> None:
        from apps.adoption import checks  # noqa: F401 - registers itself
        from apps.adoption.exports import SHARED_ROWS
        from apps.adoption.flag_rules import FlagSource
        from apps.adoption.models import FeatureDay, FeatureUse, SurveyAnswer
        from apps.common.flags import set_flag_source
        from apps.tenants.exports.shared import register_shared_rows
        from apps.tenants.purging import register_purge_step, rows_step

        set_flag_source(FlagSource())
        register_shared_rows(*SHARED_ROWS)
        register_purge_step(
            rows_step("survey_answers", "Answers to surveys", 51, SurveyAnswer),
            rows_step("feature_uses", "Uses of features", 51, FeatureUse),
            rows_step("feature_days", "Uses of features by the day", 51, FeatureDay),
        )
