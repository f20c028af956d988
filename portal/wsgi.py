"""The web server's entry."""

import os

from django.core.wsgi import get_wsgi_application

from portal.request_body import with_direct_body

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = with_direct_body(get_wsgi_application())
