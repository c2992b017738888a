"""What an author and a reader notice when parts of the running site fail: that it takes longer, and nothing else."""

import os
import signal

from .catalogue import picture
from .site import Site


def test_a_save_succeeds_while_redis_is_dead_and_the_sweep_brings_the_post_out(own_site: Site) -> None:
    author = own_site.author()
    with own_site.reader() as reader:
        with own_site.without("valkey"):
            ids = [author.write(f"Post {number}") for number in range(3)]
            assert own_site.visitor().get("/").status == 200
            ready = own_site.visitor().get("/readyz")
            assert (ready.status, ready.json["redis"]) == (200, "down")
        told = reader.until(*ids)
        assert sorted(notice["new_id"] for notice in told) == ids
        assert author.get("/posts/new/").status == 200  # nobody was logged out


def test_a_save_succeeds_while_redis_is_frozen(own_site: Site) -> None:
    author = own_site.author()
    with own_site.reader() as reader:
        with own_site.frozen("valkey"):
            post_id = author.write("Frozen")
        assert reader.until(post_id, timeout=60)[-1]["kind"] == "published"


def test_a_reader_is_told_though_the_channel_layer_is_not_there(own_site: Site) -> None:
    author = own_site.author()
    with own_site.reader() as reader:
        post_id = author.write("Soon gone")
        reader.until(post_id)
        with own_site.without("valkey"):
            author.post(f"/posts/{post_id}/delete/")
            assert reader.until(post_id)[-1]["kind"] == "removed"


def test_a_worker_killed_in_the_midst_of_a_post_loses_nothing(own_site: Site) -> None:
    isbn = own_site.catalogue.add_new(cover=picture())
    author = own_site.author()
    with own_site.reader() as reader:
        own_site.catalogue.hold()
        post_id = author.write("Held", isbn=isbn)
        own_site.catalogue.wait_until_asked(isbn)
        own_site.supervisor("signalProcess", "worker", "KILL")
        own_site.catalogue.release()
        notices = reader.until(post_id, timeout=120)
        assert [(notice["kind"], notice["new_id"]) for notice in notices] == [("published", post_id)]


def test_a_worker_that_is_asked_to_end_ends_its_tasks_first_and_the_next_one_takes_the_others(own_site: Site) -> None:
    books = [own_site.catalogue.add_new(cover=picture()) for _ in range(2)]  # one for each of its children
    author = own_site.author()
    asked = own_site.pid("worker")
    with own_site.reader() as reader:
        own_site.catalogue.hold()
        running = [author.write("Running", isbn=isbn) for isbn in books]
        for isbn in books:
            own_site.catalogue.wait_until_asked(isbn)
        os.kill(asked, signal.SIGTERM)
        queued = [author.write("Queued") for _ in range(3)]
        own_site.catalogue.release()
        notices = reader.until(*running, *queued)
    assert sorted(notice["new_id"] for notice in notices) == sorted(running + queued)
    assert {notice["kind"] for notice in notices} == {"published"}
    # Nobody had to begin anew.
    assert [sum(isbn in path for path in own_site.catalogue.asked) for isbn in books] == [1, 1]
    assert own_site.pid("worker") != asked
