"""Settings as ``django-admin startproject`` writes them, for an interface without sessions, forms and admin."""

import os
from urllib.parse import urlsplit

from app.bootstrap import install_keyring
from config.settings import load_settings

HOUSE = load_settings()
install_keyring(HOUSE)
_address = urlsplit(HOUSE.database_url.get_secret_value())

DEBUG = False
SECRET_KEY = "bench"  # noqa: S105  # nothing is signed with it
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.peers.django_house.urls"
INSTALLED_APPS = ["django.contrib.postgres", "bench.peers.django_house"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
USE_TZ = True
APPEND_SLASH = False
_POOL = int(os.environ["BENCH_POOL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _address.hostname,
        "PORT": _address.port,
        "USER": _address.username,
        "PASSWORD": _address.password or "",
        "NAME": _address.path[1:],
        "OPTIONS": {"pool": {"min_size": _POOL, "max_size": _POOL}},
    }
}
