"""What moderators decide, on pages that are open."""

from playwright.async_api import expect

from .conftest import Visit, live
from .site import Site


async def test_what_a_moderator_decides_reaches_open_pages(site: Site, visit: Visit) -> None:
    author, commenter, reporter, moderator = site.author(), site.author(), site.author(), site.moderator()
    with site.reader() as witness:
        post = author.write("Buy my shoes")
        witness.until(post)
    commenter.post(f"/posts/{post}/comments/", body="They are vile.")
    card = f".card[data-post-id='{post}']"

    latest, reading = await live(await visit("/")), await visit(f"/posts/{post}/", reporter)
    await reading.get_by_role("link", name="Report", exact=True).click()
    await reading.get_by_label("What is wrong with it?").fill("An advertisement.")
    await reading.get_by_role("button", name="Report it").click()
    await expect(reading.get_by_text("A moderator will look at it.")).to_be_visible()

    desk = await visit("/mine/", moderator)
    await desk.goto(f"{site.url}/posts/{post}/")
    await desk.get_by_role("link", name=f"Moderate the comment of {commenter.name}").click()
    await desk.get_by_label("Why?").fill("Rude.")
    await desk.get_by_role("button", name="Hide it").click()
    await expect(reading.get_by_text("A moderator has hidden this comment.")).to_be_visible()
    await expect(reading.get_by_text("They are vile.")).to_have_count(0)

    await desk.goto(f"{site.url}/mine/")
    await desk.get_by_role("link", name="Moderation").click()
    reported = desk.locator(".reported", has_text="Buy my shoes")
    await reported.get_by_role("link", name="Hide it").click()
    await desk.get_by_label("Why?").fill("It is an advertisement.")
    await desk.get_by_role("button", name="Hide it").click()
    await expect(latest.locator(card)).to_have_count(0)
    await expect(reading.get_by_text("This post has just been taken away.")).to_be_visible()

    own = await visit(f"/posts/{post}/", author)
    await expect(own.get_by_text("It is an advertisement.")).to_be_visible()
    await desk.goto(f"{site.url}/moderation/posts/")
    await desk.locator(".reported", has_text="Buy my shoes").get_by_role("button", name="Restore it").click()
    for page in (latest, own):
        await expect(page.locator(f"[data-post-id='{post}']")).to_be_visible()

    with site.reader(person=author) as socket:
        assert socket.next()["type"] == "hello"
        await desk.get_by_role("link", name=author.name, exact=True).first.click()
        await desk.get_by_label("Why?").fill("Shoes, again.")
        await desk.get_by_role("button", name="Suspend this account").click()
        assert socket.closed() == 4501
    await expect(desk.get_by_text("This account is shut.")).to_be_visible()
