"""`manage.py backup` and `restore`: what comes back, what does not, and what is refused."""

import io
import json
import re
import shutil
import tarfile
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from bookshelf.dumps import Impossible, program
from posts.models import Post
from updater import log

from ..catalogue import picture
from ..conftest import MakePost
from ..site import Site


def test_a_site_comes_back_elsewhere_and_while_it_runs(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    isbn = site.catalogue.add_new(cover=picture())
    author = site.author()
    with site.reader() as reader:
        kept = author.write("With a cover", isbn=isbn)
        edited, deleted = author.write("Edited later"), author.write("Deleted later")
        reader.until(kept, edited, deleted)
    author.post(f"/posts/{kept}/like/")
    author.post(f"/posts/{kept}/comments/", body="A comment from before.")
    cursor = site.visitor().get("/updates/").json["cursor"]
    with site.frozen("worker"):
        waiting = author.write("Waiting for a worker")
        site.manage("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]

    new = Site(site.catalogue, tmp_path / "new")

    def is_as_it_was() -> bool:
        visitor = new.visitor()
        page = visitor.get(f"/posts/{kept}/with-a-cover/").text
        covers = re.findall(r'src="(/covers/\S+)"', page)
        assert covers
        return (
            "A comment from before." in page
            and visitor.get(f"/posts/state/?ids={kept}").json[str(kept)]["likes"] == 1
            and all(visitor.get(cover).status == 200 for cover in covers)
            and visitor.get(f"/posts/{edited}/edited-later/").status == 200
            and visitor.get(f"/posts/{deleted}/deleted-later/").status == 200
        )

    new.manage("restore", "--no-input", str(file))
    with new:
        assert is_as_it_was()
        assert new.visitor().get(f"/updates/?since={cursor}").json["reset"] is True
        writer = new.visitor().log_in(author.name)
        with new.reader(since=cursor) as reader:
            assert [reader.next()["type"] for _ in range(2)] == ["hello", "reset"]
            reader.until(writer.write("After the backup"))
            away = new.visitor().get("/updates/").json["cursor"]
            writer.post(f"/posts/{edited}/edit/", title="Edited", body="Five evenings.")
            writer.post(f"/posts/{deleted}/delete/")
            reader.until(edited, deleted)
            shutil.rmtree(new.var_dir / "media")

            new.manage("restore", "--no-input", str(file))
            reader.signal("reset")
            assert is_as_it_was()
            # A worker may have been faster than the hub: the reset then stands for its notice, too.
            while new.visitor().get(f"/posts/{waiting}/waiting-for-a-worker/").status != 200:
                time.sleep(0.1)  # between two looks
            assert writer.get("/posts/new/").status == 302  # nobody is logged in any more
            again = writer.log_in(author.name).write("After the restore")
            assert reader.until(again)[-1]["kind"] == "published"
        # The numbers have come past that of whoever was away, and it is another's number.
        assert new.visitor().get(f"/updates/?since={away}").json["reset"] is True


# --- with this process's own database ---------------------------------------------------------------

in_database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar.gz"


def unpacked(file: Path) -> dict[str, bytes]:
    with tarfile.open(file, "r:gz") as tar:
        return {member.name: content.read() for member in tar if (content := tar.extractfile(member))}


def pack(file: Path, contents: dict[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in contents.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))


def change_manifest(file: Path, **columns: object) -> None:
    contents = unpacked(file)
    contents["manifest.json"] = json.dumps(json.loads(contents["manifest.json"]) | columns).encode()
    pack(file, contents)


def complaint(file: Path) -> str:
    """What is said to a restore that is refused and leaves everything as it was."""
    before = (log.head(), list(Post.objects.values_list()))
    with pytest.raises(CommandError) as refusal:
        call_command("restore", "--no-input", str(file))
    assert (log.head(), list(Post.objects.values_list())) == before
    said = str(refusal.value)
    assert "\n" not in said
    return said


@in_database
class TestRefused:
    def test_a_part_of_a_backup(self, file: Path, make_post: MakePost) -> None:
        make_post()
        call_command("backup", str(file))
        whole = file.read_bytes()
        for kept in (0, 1, 5, 100, len(whole) // 2, len(whole) - 9, len(whole) - 1):
            file.write_bytes(whole[:kept])
            assert f"{file} is no backup of BookShelf, or a damaged one" in complaint(file)

    def test_one_with_a_byte_changed(self, file: Path, make_post: MakePost) -> None:
        make_post()
        call_command("backup", str(file))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        assert "or a damaged one" in complaint(file)

    def test_a_file_of_another_kind(self, file: Path) -> None:
        file.write_text("# BookShelf")
        assert "or a damaged one" in complaint(file)

    def test_an_archive_of_something_else(self, file: Path) -> None:
        with tarfile.open(file, "w:gz") as tar:
            tar.add(__file__, "manifest.json")
        assert "or a damaged one" in complaint(file)

    def test_a_file_that_is_not_there(self, file: Path) -> None:
        assert "No such file" in complaint(file)

    def test_a_backup_of_a_newer_version(self, file: Path) -> None:
        call_command("backup", str(file))
        change_manifest(file, migrations=[["posts", "0001_initial"], ["posts", "0099_more"]])
        assert f"{file} is from a newer BookShelf than this one (posts.0099_more)." in complaint(file)
        change_manifest(file, migrations=[], bookshelf=2)
        assert f"{file} is from a newer BookShelf than this one." in complaint(file)

    def test_a_backup_of_a_site_on_another_kind_of_database(self, file: Path) -> None:
        call_command("backup", str(file))
        change_manifest(file, engine="oracle")
        assert f"{file} is of a site on oracle, and this one is on {connection.vendor}." in complaint(file)

    def test_one_that_the_database_does_not_take(self, file: Path, make_post: MakePost) -> None:
        make_post()
        call_command("backup", str(file))
        pack(file, unpacked(file) | {"database": b"SELECT nonsense;" * 1000})
        assert "The database is as it was: " in complaint(file)

    def test_without_a_yes(
        self, file: Path, make_post: MakePost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("backup", str(file))
        post = make_post()
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        call_command("restore", str(file))
        assert "Nothing was changed." in capsys.readouterr().out
        assert Post.objects.get() == post


@in_database
def test_a_backup_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No backup was written"):
        call_command("backup", str(tmp_path / "nowhere" / "backup.tar.gz"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(CommandError, match="No backup was written"):
        call_command("backup", str(tmp_path / "folder"))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@in_database
def test_a_later_backup_takes_the_place_of_an_earlier_one(file: Path, make_post: MakePost) -> None:
    call_command("backup", str(file))
    post = make_post()
    call_command("backup", str(file))
    Post.objects.all().delete()
    call_command("restore", "--no-input", str(file))
    assert Post.objects.get() == post


@in_database
def test_logins_and_the_cache_are_not_in_it_and_deleted_text_is_not_either(
    file: Path, ann: User, make_post: MakePost, client: Client
) -> None:
    make_post(body="Kept for ever.")
    make_post(body="Thought better of.").delete()
    client.force_login(ann)
    cache.set("known", "for a while")
    key = client.cookies["sessionid"].value
    call_command("backup", str(file))
    content = unpacked(file)["database"]
    assert b"Kept for ever." in content
    assert b"Thought better of." not in content
    assert key.encode() not in content
    assert b":known" not in content


@in_database
def test_a_backup_of_an_older_version_is_brought_up_to_this_one(file: Path, ann: User) -> None:
    call_command("migrate", "posts", "0002", verbosity=0)
    call_command("backup", str(file))
    call_command("migrate", verbosity=0)
    User.objects.all().delete()
    call_command("restore", "--no-input", str(file))
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    assert User.objects.get() == ann


@in_database
def test_a_part_of_a_cover_is_made_whole_and_covers_since_then_stay(file: Path) -> None:
    name, later = f"covers/{'a' * 40}.webp", f"covers/{'b' * 40}.webp"
    default_storage.save(name, ContentFile(b"a whole picture"))
    call_command("backup", str(file))
    default_storage.save(name, ContentFile(b"a whole"))
    default_storage.save(later, ContentFile(b"another"))
    call_command("restore", "--no-input", str(file))
    for cover, content in {name: b"a whole picture", later: b"another"}.items():
        with default_storage.open(cover) as stored:
            assert stored.read() == content
        default_storage.delete(cover)


@in_database
def test_ids_go_on_from_where_they_were(file: Path, make_post: MakePost) -> None:
    make_post()
    last = make_post().pk
    Post.objects.filter(pk=last).delete()
    call_command("backup", str(file))
    call_command("restore", "--no-input", str(file))
    assert make_post(key="new").pk == last + 1


class TestProgram:
    def test_it_is_of_the_server_s_own_version(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        own = tmp_path / "pg_dump"
        own.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.3 (of a test)'")
        own.chmod(0o700)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        assert program("pg_dump", 99) == str(own)
        with pytest.raises(Impossible, match=r"pg_dump of PostgreSQL 98 is not here; .* postgresql-client-98\."):
            program("pg_dump", 98)
