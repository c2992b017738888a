"""The canary, on the running site: it takes the time from a save to a socket, and nobody else hears of it."""

import json

from .site import Site

COUNT = "from tasks.models import Song; from tasks.canary import NAME; from posts.models import Post; import json"
TELL = "song = Song.objects.latest('pk'); left = Post.objects.filter(author__username=NAME).count()"
SAY = "print(json.dumps([song.milliseconds, song.trouble, left]))"


def sung(site: Site) -> tuple[int | None, str, int]:
    """What comes of one song: milliseconds, trouble, and how many of its posts are left."""
    code = f"{COUNT}; from tasks.canary import sing; sing(); {TELL}; {SAY}"
    milliseconds, trouble, left = json.loads(site.manage("shell", "--no-imports", "-c", code).splitlines()[-1])
    return milliseconds, trouble, left


def test_it_takes_the_time_and_nobody_else_hears_of_it(site: Site) -> None:
    author = site.author()
    with site.reader() as reader:
        milliseconds, trouble, left = sung(site)
        post = author.write("After the canary")
        assert [notice["new_id"] for notice in reader.until(post)] == [post]
    assert milliseconds
    assert (trouble, left) == ("", 0)
    assert "Tweet" not in site.visitor().get("/").text
    assert "Tweet" not in site.visitor().get("/feed.atom").text
    assert "posts" not in site.visitor().get("/search/?q=tweet").text.partition("data-cards")[2]


def test_where_nobody_works_it_does_not_sing_and_leaves_nothing(own_site: Site) -> None:
    with own_site.without("worker"):
        milliseconds, trouble, left = sung(own_site)
    assert (milliseconds, left) == (None, 0)
    assert "Timeout" in trouble
    assert sung(own_site)[0]
