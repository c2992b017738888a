"""The operators' pages as a whole."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["posts/post", "auth/user", "django_celery_results/taskresult"])
@pytest.mark.parametrize("forged", ["", "x", "-1", "1.0", "٣", "1 OR 1=1", "9" * 19, "9" * 5000, "\0"])
def test_a_choice_of_rows_that_cannot_be_is_a_bad_request(admin_client: Client, page: str, forged: str) -> None:
    chosen = {"action": "delete_selected", "_selected_action": ["1", forged]}
    assert admin_client.post(f"/admin/{page}/", chosen).status_code == 400


def test_whoever_is_nobody_yet_is_sent_to_the_site_s_own_login(client: Client) -> None:
    assert client.get("/admin/login/?next=/admin/").headers["Location"].startswith("/accounts/login/")
