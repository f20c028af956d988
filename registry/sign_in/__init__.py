"""How people sign in: what the portal changes about django-allauth."""
