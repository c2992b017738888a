"""A reader's own choice, live: what is followed comes to its page, and what is muted to none and with no word."""

from playwright.async_api import expect

from .conftest import Visit, live
from .site import Site


async def test_news_come_where_they_are_followed_and_nowhere_where_they_are_muted(site: Site, visit: Visit) -> None:
    reader, loved, dreaded = site.author(), site.author(), site.author()
    page = await visit(f"/authors/{loved.name}/", reader)
    await page.get_by_role("button", name="Follow", exact=True).click()
    await expect(page.get_by_role("button", name="Following")).to_be_visible()
    await page.goto(f"{site.url}/authors/{dreaded.name}/")
    await page.get_by_role("button", name="Mute").click()
    await expect(page.get_by_role("button", name="Muted")).to_be_visible()
    latest, its_own = await visit("/", reader), await visit(f"/authors/{dreaded.name}/", reader)
    await page.get_by_role("link", name="Following").click()
    for one in (page, latest, its_own):
        await live(one)
    with site.reader() as witness:
        muted = dreaded.write("Dreaded")
        witness.until(muted)  # so that it is there before the other
        followed = loved.write("Loved")
    for one in (page, latest):
        await expect(one.locator(".card h2").first).to_have_text("Loved")
        await expect(one.locator(f"[data-post-id='{followed}']")).to_be_visible()
        await expect(one.locator(f"[data-post-id='{muted}']")).to_have_count(0)
        await expect(one.locator(".toast")).to_have_count(1)
    await expect(its_own.locator(f"[data-post-id='{muted}']")).to_be_visible()


async def test_a_tag_has_its_own_news_and_whoever_mutes_it_hears_none_of_it(site: Site, visit: Visit) -> None:
    reader, author = site.author(), site.author()
    with site.reader() as witness:
        witness.until(author.write("First", tags="storms"))
    page = await visit("/tags/storms/", reader)
    await page.get_by_role("button", name="Mute").click()
    await expect(page.get_by_role("button", name="Muted")).to_be_visible()
    latest = await visit("/", reader)
    for one in (page, latest):
        await live(one)
    with site.reader() as witness:
        stormy = author.write("Stormy", tags="sea storms")
        witness.until(stormy)  # so that it is there before the other
        calm = author.write("Calm", tags="sea")
    await expect(latest.locator(f"[data-post-id='{calm}']")).to_be_visible()
    await expect(latest.locator(f"[data-post-id='{stormy}']")).to_have_count(0)
    await expect(latest.locator(".toast")).to_have_count(1)
    await expect(page.locator(f"[data-post-id='{stormy}']")).to_be_visible()
    await expect(page.locator(f"[data-post-id='{calm}']")).to_have_count(0)


async def test_the_number_of_notifications_follows_on_every_page(site: Site, visit: Visit) -> None:
    author, other = site.author(), site.author()
    with site.reader() as witness:
        post_id = author.write("Slowly")
        witness.until(post_id)
    latest, inbox = await visit("/", author), await visit("/notifications/", author)
    await live(latest)
    await expect(latest.locator("[data-unread]")).to_be_hidden()
    other.post(f"/posts/{post_id}/comments/", body="Yes.")
    for page in (latest, inbox):
        await expect(page.locator("[data-unread]")).to_have_text("1")
    await inbox.get_by_role("link", name="commented on your post").click()
    await expect(inbox.locator(".comment:target")).to_contain_text("Yes.")
    for page in (latest, inbox):
        await expect(page.locator("[data-unread]")).to_be_hidden()
