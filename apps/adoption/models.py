"""How the platform is taken up. What is counted over all tenants names none of them, and no person."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.adoption.enums import FlagMode, FunnelOutcome, PromptOutcome, SurveyKind, SurveyTrigger
from apps.common.models import BaseModel

CODE_LENGTH = 80
COMMENT_SEARCH = SearchVector("comment", config="simple")


class FeatureUse(models.Model):
    """How often a person used a feature on a day (UTC), for USES_KEPT_DAYS.

    uses: told by events, added up. noted: told by `counting.note`, as it stands in Redis.
    person_id: None for programs with an API key.
    """

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    feature = models.CharField(_("feature"), max_length=CODE_LENGTH)
    day = models.DateField(_("day"))
    person_id = models.UUIDField(_("person"), null=True)
    uses = models.PositiveIntegerField(_("uses"), default=0, db_default=0)
    noted = models.PositiveIntegerField(_("noted"), default=0, db_default=0)

    class Meta:
        verbose_name = _("use of a feature")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "feature", "day", "person_id"],
                name="feature_use_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="feature_use_day"),
            models.Index(fields=["person_id"], name="feature_use_person"),
        ]

    def __str__(self) -> str:
        return f"{self.feature} on {self.day}"


class FeatureDay(models.Model):
    """A tenant's use of a feature on a day (UTC). people: different ones."""

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    feature = models.CharField(_("feature"), max_length=CODE_LENGTH)
    day = models.DateField(_("day"))
    people = models.PositiveIntegerField(_("people"))
    uses = models.PositiveIntegerField(_("uses"))

    class Meta:
        verbose_name = _("use of a feature by a tenant")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "feature", "day"], name="feature_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.feature} on {self.day}"


class FeatureTotal(models.Model):
    """Over all tenants: those of a day (UTC), and different ones in the WINDOW_DAYS that end with it."""

    feature = models.CharField(_("feature"), max_length=CODE_LENGTH)
    day = models.DateField(_("day"))
    tenants = models.PositiveIntegerField(_("tenants"))
    people = models.PositiveIntegerField(_("people"))
    uses = models.PositiveBigIntegerField(_("uses"))
    tenants_window = models.PositiveIntegerField(_("tenants in the window"))
    people_window = models.PositiveIntegerField(_("people in the window"))

    class Meta:
        verbose_name = _("use of a feature by all")
        constraints = [
            models.UniqueConstraint(fields=["feature", "day"], name="feature_total_once"),
        ]
        indexes = [models.Index(fields=["day"], name="feature_total_day")]

    def __str__(self) -> str:
        return f"{self.feature} on {self.day}"


class FunnelCount(models.Model):
    """How many workflows, or steps of them, came to an outcome; of all that began in a month.

    version: the one that they began with. step: empty for the workflow itself. bucket: how long it took
    (apps/adoption/durations.py); 0 for what takes no time.
    """

    workflow = models.CharField(_("workflow"), max_length=CODE_LENGTH)
    version = models.PositiveIntegerField(_("version"))
    month = models.DateField(_("month"))
    step = models.CharField(_("step"), max_length=CODE_LENGTH, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=FunnelOutcome)
    bucket = models.PositiveSmallIntegerField(_("duration"), default=0)
    count = models.PositiveBigIntegerField(_("count"))

    class Meta:
        verbose_name = _("count of a funnel")
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "version", "month", "step", "outcome", "bucket"],
                name="funnel_count_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.step} {self.outcome}"


class FlagRule(BaseModel):
    """What staff decided on a flag (apps/common/flags.py). Without a row it is as the code declares it.

    plans, percent: of the mode `targeted`. on, off: tenants that have it otherwise than the rest; no foreign
    keys, since every process reads all of it at once.
    """

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    mode = models.CharField(_("mode"), max_length=11, choices=FlagMode)
    percent = models.PositiveSmallIntegerField(_("percent"), default=0)
    plans = ArrayField(
        models.CharField(max_length=CODE_LENGTH), verbose_name=_("plans"), default=list
    )
    on = ArrayField(models.UUIDField(), verbose_name=_("on for"), default=list)
    off = ArrayField(models.UUIDField(), verbose_name=_("off for"), default=list)
    actor = models.CharField(_("set by"), max_length=254)
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        verbose_name = _("flag")
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="flag_rule_percent"),
        ]

    def __str__(self) -> str:
        return self.code


class Survey(BaseModel):
    """A question that people are asked in the workspaces. is_declared: by code, which says what it is.

    permission: who is asked: those who hold it somewhere; empty: everybody. days, feature, page: of the
    trigger that has it.
    """

    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    kind = models.CharField(_("kind"), max_length=4, choices=SurveyKind)
    question = models.CharField(_("question"), max_length=200)
    permission = models.CharField(_("audience"), max_length=CODE_LENGTH, blank=True)
    trigger = models.CharField(_("trigger"), max_length=10, choices=SurveyTrigger)
    days = models.PositiveIntegerField(_("days"), default=0)
    feature = models.CharField(_("feature"), max_length=CODE_LENGTH, blank=True)
    page = models.CharField(_("page"), max_length=CODE_LENGTH, blank=True)
    is_paused = models.BooleanField(_("paused"), default=False)
    is_declared = models.BooleanField(_("declared by code"), default=False)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code


class SurveyAnswer(BaseModel):
    """What a person answered. plan: the code of what their workspace had then; empty: none."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    survey = models.CharField(_("survey"), max_length=CODE_LENGTH)
    person_id = models.UUIDField(_("person"), db_index=True)
    score = models.PositiveSmallIntegerField(_("score"))
    comment = models.CharField(_("comment"), max_length=2000, blank=True)
    plan = models.CharField(_("plan"), max_length=CODE_LENGTH, blank=True)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.CheckConstraint(condition=Q(score__lte=10), name="survey_answer_score"),
        ]
        indexes = [
            models.Index(fields=["survey", "-id"], name="survey_answer_newest"),
            GinIndex(COMMENT_SEARCH, name="survey_answer_words"),
        ]

    def __str__(self) -> str:
        return f"{self.survey}: {self.score}"


class SurveyCount(models.Model):
    """How many, on a day (UTC), of tenants with a plan. score: None for what is no answer."""

    survey = models.CharField(_("survey"), max_length=CODE_LENGTH)
    day = models.DateField(_("day"))
    plan = models.CharField(_("plan"), max_length=CODE_LENGTH, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=PromptOutcome)
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    count = models.PositiveBigIntegerField(_("count"))

    class Meta:
        verbose_name = _("count of a survey")
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "day", "plan", "outcome", "score"],
                name="survey_count_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.survey} on {self.day}: {self.outcome}"


class SurveyAsked(models.Model):
    """When a person was last asked something, in whatever workspace. survey: empty for any.

    It names no tenant: how often somebody is asked is about them, and not about where they are.
    """

    person_id = models.UUIDField(_("person"))
    survey = models.CharField(_("survey"), max_length=CODE_LENGTH, blank=True)
    asked_at = models.DateTimeField(_("asked"))

    class Meta:
        verbose_name = _("question that was asked")
        constraints = [
            models.UniqueConstraint(fields=["person_id", "survey"], name="survey_asked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.survey or 'any'} at {self.asked_at}"
