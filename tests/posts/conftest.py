import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def author(client: Client, ann: User) -> Client:
    """Ann's browser."""
    client.force_login(ann)
    return client
