"""Covers on storage as S3 has it: the same in every way."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from bookshelf import environment
from posts.models import Book, Post
from posts.pictures import decode, store, throw_away
from tasks.enrich import enrich_post

from ..catalogue import Catalogue, picture
from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of a server on loopback, with a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys).create_bucket(Bucket="covers")
    yield f"http://key:secret@{host}:{port}/covers?region=us-east-1"
    server.stop()


@pytest.fixture(autouse=True)
def bucket(s3: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_URL", s3)
    settings.STORAGES = settings.STORAGES | {"default": environment.storage("S3_URL")}


def test_a_cover_is_stored_and_shown(make_post: MakePost, catalogue: Catalogue, broker: Any, client: Client) -> None:
    catalogue.add("9780980200447", cover=picture())
    enrich_post(make_post(isbn="9780980200447").pk)
    book = Book.objects.get()
    assert Post.objects.get().book == book
    answer = client.get(f"/covers/{book.cover_large}.webp")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert client.get(f"/covers/{'0' * 40}.webp").status_code == 404


def test_one_that_is_wanted_again_is_as_new_and_is_not_thrown_away() -> None:
    image = decode(picture(colour="olive"))
    first = store(image)
    before = default_storage.get_modified_time(f"covers/{first.large}.webp")
    assert store(image) == first
    assert default_storage.get_modified_time(f"covers/{first.large}.webp") >= before
    assert throw_away([first.small, first.large]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_backup_has_it(tmp_path: Path) -> None:
    cover = store(decode(picture(colour="maroon")))
    call_command("backup", str(tmp_path / "b.tar.gz"))
    with tarfile.open(tmp_path / "b.tar.gz") as backup:
        file = backup.extractfile(next(name for name in backup.getnames() if cover.large in name))
        assert file
        assert decode(file.read()).size == (cover.width, cover.height)
