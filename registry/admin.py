"""Django's admin for administrators: accounts and the groups that hold the rights."""

from __future__ import annotations

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from registry.models import Account
from registry.permissions import may_administer

admin.site.unregister(Group)  # the groups are the four rights: fixed, and given on the account's page
# Ways to sign in are their owner's alone: nobody reads a key here, or adds a provider to the running portal.
for table in (EmailAddress, EmailConfirmation, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    if admin.site.is_registered(table):
        admin.site.unregister(table)


@admin.register(Account)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # the stubs' generic takes no model at run time
    """Activate accounts, give rights, set quotas. Accounts are never deleted, since the public record names them."""

    list_display = ("username", "display_name", "email", "is_active", "date_joined")
    list_filter = ("is_active", "groups")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    filter_horizontal = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("About"), {"fields": ("display_name", "email")}),
        (_("Rights"), {"fields": ("is_active", "groups", "quota_bytes")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "display_name", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> tuple[str, ...]:
        """The user name stands in addresses and never changes."""
        del request
        return (*self.readonly_fields, "username") if obj else self.readonly_fields

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
