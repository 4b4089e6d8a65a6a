"""Where and when."""

from django.contrib.auth.models import AbstractUser


class Staff(AbstractUser):
    """Somebody who works for the registry and signs in."""
