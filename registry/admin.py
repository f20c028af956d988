"""Django's admin for administrators: accounts and the groups that hold the rights."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from registry import services
from registry.models import Account
from registry.permissions import GROUPS, may_administer, may_change_account
from registry.views.access import account_of


@admin.register(Account)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # the stubs' generic takes no model at run time
    """Activate accounts, give rights, set quotas. Accounts are never deleted, since the public record names them.

    Passwords and addresses are their owner's, who would learn of no change made here.
    """

    list_display = ("username", "display_name", "email", "is_active", "date_joined")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    filter_horizontal = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username",)}),
        (_("About"), {"fields": ("display_name", "email")}),
        (_("Rights"), {"fields": ("is_active", "groups", "quota_bytes")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "display_name", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        """The user name stands in addresses and never changes; the address is where a new password is sent."""
        own = ("is_active", "groups", "quota_bytes") if obj is not None and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, "username", "email", *own) if obj else self.readonly_fields

    def get_urls(self) -> list[URLPattern]:
        """Without Django's form for the password of others."""
        return [pattern for pattern in super().get_urls() if pattern.name != "auth_user_password_change"]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:  # noqa: FBT001  # Django's hook
        """Words are stored as they are; what others will read about is done by the services, with an event."""
        active, quota = obj.is_active, obj.quota_bytes
        if change:
            stored = Account.objects.get(pk=obj.pk)
            obj.is_active, obj.quota_bytes = stored.is_active, stored.quota_bytes
        super().save_model(request, obj, form, change)
        if change and may_change_account(request.user, obj):
            actor = account_of(request)
            services.set_active(username=obj.username, active=active, actor=actor)
            services.set_quota(username=obj.username, quota_bytes=quota, actor=actor)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001  # Django's hook
        """Rights are given and taken by the service, one event each."""
        wanted = form.cleaned_data.pop("groups", None)
        super().save_related(request, form, formsets, change)
        if wanted is not None and may_change_account(request.user, form.instance):
            names = {group.name for group in wanted}
            for right in GROUPS:
                services.set_right(
                    username=form.instance.username, right=right, held=right in names, actor=account_of(request)
                )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators only, by the right and not by Django's per-model permissions."""
        return may_administer(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """As the module."""
        del obj
        return may_administer(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """As the module."""
        return may_administer(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """As the module."""
        del obj
        return may_administer(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Never."""
        del request, obj
        return False
