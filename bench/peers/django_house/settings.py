"""Settings as ``django-admin startproject`` writes them, for an interface without sessions, forms and admin."""

DEBUG = False
SECRET_KEY = "bench"  # noqa: S105  # nothing is signed with it
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.peers.django_house.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
USE_TZ = True
APPEND_SLASH = False
