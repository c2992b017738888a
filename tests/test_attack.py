"""What people and catalogues write, as an attack on whoever reads it: in a real browser, on every page it stands on."""

import asyncio
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from posts.models import Book, Comment

from .catalogue import picture
from .conftest import MakePost, be, live
from .site import Site, Visitor

DO = "window.pwned=1"
SPY = "https://spy.example/"

MARKUP = [
    f"<script>{DO}</script>",
    f"<SCRIPT SRC={SPY}a.js></SCRIPT>",
    f"<script/x>{DO}</script>",
    f"<scr<script>ipt>{DO}</scr</script>ipt>",
    f"<img src=x onerror={DO}>",
    f'"><img src=x onerror="{DO}">',
    f"'><svg onload='{DO}'>",
    f"<svg/onload={DO}>",
    f"<svg><script>{DO}</script></svg>",
    f"<svg><animate onbegin={DO} attributeName=x dur=1s>",
    f"<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='{DO}'/>#x\"/></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror={DO}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={DO}>'>",
    f"<style><img src='</style><img src=x onerror={DO}>'>",
    f"<style>*{{background:url({SPY}a.css)}}</style>",
    f"<link rel=stylesheet href={SPY}b.css>",
    f"<base href={SPY}>",
    f"<meta http-equiv=refresh content='0;url={SPY}'>",
    f"<iframe srcdoc='<script>parent.{DO}</script>'></iframe>",
    f"<iframe src='javascript:parent.{DO}'></iframe>",
    f"<object data='data:text/html,<script>{DO}</script>'></object>",
    f"<embed src={SPY}c.swf>",
    f"<form action={SPY}><button autofocus onfocus={DO}>a</button></form>",
    f"<input autofocus onfocus={DO}>",
    f"<details open ontoggle={DO}>",
    f"<video><source onerror={DO}></video><audio src=x onerror={DO}>",
    f"<body onload={DO}><marquee onstart={DO}>",
    f"<a href=javascript:{DO}>a</a>",
    f"<a href='java\tscript:{DO}'>a</a>",
    f"<p style='background:url({SPY}d.png)' onmouseover={DO}>a</p>",
    f"<template><img src=x onerror={DO}></template>",
    f"</title></textarea></p></article><script>{DO}</script>",
    f"<!--><img src=x onerror={DO}>-->",
    f"<![CDATA[<img src=x onerror={DO}>]]>",
    f"&lt;img src=x onerror={DO}&gt;",
    f"&#60;img src=x onerror={DO}&#62;",
    f"\uff1cimg src=x onerror={DO}\uff1e",
    f"<img src={SPY}e.png srcset='{SPY}f.png 2x'>",
    f"{{{{constructor.constructor('{DO}')()}}}} ${{{DO}}} {{% debug %}}",
]
MARKDOWN = [
    f"[a](javascript:{DO})",
    f"[a](JaVaScRiPt:{DO})",
    f"[a](javascript&colon;{DO})",
    f"[a](&#106;avascript:{DO})",
    f"[a](java&Tab;script:{DO})",
    f"[a](\x01javascript:{DO})",
    f"[a](<java\tscript:{DO}>)",
    f"[a](javascript://example.org/%0a{DO})",
    f"[a](vbscript:{DO})",
    f"[a](data:text/html,<script>{DO}</script>)",
    "[a](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "[a](blob:null/x) [a](file:///etc/passwd) [a](filesystem:x)",
    f'[a](//spy.example/ "b" onmouseover={DO})',
    f'[a](https://example.org "b\\" onmouseover=\\"{DO}")',
    f"[a](https://example.org/'onmouseover='{DO})",
    f'[a](https://example.org/"onmouseover="{DO})',
    f"<javascript:{DO}>",
    f'<https://example.org/"onmouseover="{DO}>',
    f"[a]\n\n[a]: javascript:{DO}",
    f"![a]({SPY}g.png)",
    f"![a](javascript:{DO})",
    f'![a"onerror="{DO}](x)',
    f"[![a]({SPY}h.png)](javascript:{DO})",
    f"`<img src=x onerror={DO}>`",
    f"```html\n<img src=x onerror={DO}>\n```",
    f'```"><img/src=x/onerror={DO}>\na\n```',
    f"    <script>{DO}</script>",
    f"# <svg onload={DO}>",
    f"> <img src=x onerror={DO}>",
    f"* <img src=x onerror={DO}>\n\n1. <svg onload={DO}>",
    f"<div>\n\n<img src=x onerror={DO}>\n\n</div>",
    f"a<br onclick={DO}>b  \nc\\\n<hr onclick={DO}>",
    f"*<b onclick={DO}>*__<i onclick={DO}>__",
]
BODY = "\n\n".join([*MARKDOWN, *MARKUP])
# What a line of two hundred characters holds; the parts of a page that it stands in differ.
LINES = [
    f"<script>{DO}</script><img src=x onerror={DO}><svg/onload={DO}>",
    f"\"'><img src=x onerror={DO}><p style=color:red onmouseover={DO} a=\"'",
    f"</title></b></a></article></textarea></script><script>{DO}</script>",
    f"&lt;img src=x onerror={DO}&gt; {{{{ 7 }}}} javascript:{DO}",
]

SCAN = """() => {
  const problems = [];
  const note = (element, what) => problems.push(`${what} of ${element.outerHTML.slice(0, 200)}`);
  const check = (element) => {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "style" || name === "srcdoc" || name === "target") note(element, name);
      if (["href", "src", "action", "formaction", "srcset", "data", "xlink:href", "poster"].includes(name)) {
        let scheme = "";
        try { scheme = new URL(value.split(" ")[0], location.href).protocol; } catch { scheme = location.protocol; }
        if (!["http:", "https:", "mailto:"].includes(scheme)) note(element, name);
      }
    }
    if (element.matches("iframe, object, embed, base, svg, math, style, video, audio, template, meta[http-equiv], "
        + "link:not([rel=icon], [rel=stylesheet], [rel=alternate], [rel=canonical]), "
        + "script:not([src^='/static/'], [type='application/ld+json'])")) note(element, "the kind");
    if (element.matches("script:not([src])")) {
        try { JSON.parse(element.textContent); } catch { note(element, "the data"); }
    }
    const target = new URL(element.getAttribute("action") ?? "", location.href);
    if (element.matches("form") && target.origin !== location.origin) note(element, "the target");
    if (element.matches("img") && !element.getAttribute("src").startsWith("/covers/")) note(element, "the picture");
  };
  [document.documentElement, ...document.documentElement.querySelectorAll("*")].forEach(check);
  if (window.pwned !== undefined) problems.push("something ran");
  return [...problems, ...window.violations];
}"""


class Watch:
    """A browser in which nothing may run that is not the site's, nor any other host be asked."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self.problems: list[str] = []
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        page.on("pageerror", lambda error: self.problems.append(f"error {error}"))
        page.on("popup", lambda popup: self.problems.append("popup"))
        page.on("console", self._hear)
        page.on("request", lambda request: self._note(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):  # the admin has none
            self.problems.append(message.text)

    def _note(self, url: str) -> None:
        if not url.startswith(self._url + "/"):
            self.problems.append(f"request to {url}")

    async def scan(self) -> list[str]:
        """What is wrong on the page as it now stands."""
        return [*await self.page.evaluate(SCAN), *self.problems]

    async def at(self, path: str) -> list[str]:
        """What is wrong on that page, once all that it starts with is done."""
        await self.page.goto(self._url + path)
        await self.page.wait_for_load_state("networkidle")
        return await self.scan()


async def watched(browser: Browser, site: Site, person: Visitor | None = None) -> Watch:
    context: BrowserContext = await browser.new_context()
    await context.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation', (event) =>"
        " window.violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));"
    )
    if person:
        await be(person, context)
    return Watch(await context.new_page(), site.url)


async def test_nothing_that_anybody_writes_runs_or_loads_anything(site: Site, browser: Browser) -> None:
    site.catalogue.add("9780141439518", title=LINES[0], author=LINES[1], cover=picture(), publish_date=LINES[2])
    for number, line in enumerate(LINES):
        site.catalogue.add_work(f"Attack {number}", line, cover=picture(), key=line, first_publish_year=line)
    author = site.author()
    reader, own = await watched(browser, site), await watched(browser, site, author)
    await reader.page.goto(site.url)
    await live(reader.page)

    # Typed titles, books by number, by title, and by what is typed alone: they come to an open page.
    books = [{"isbn": "9780141439518"}, *({"book_title": f"Attack {n}", "book_author": LINES[n]} for n in range(3))]
    books += [{"book_title": line, "book_author": line[::-1]} for line in LINES]
    with site.reader() as witness:
        ids = [
            author.write(LINES[number % 4] + str(number), body="\n\n".join(MARKUP[number::8]) + "\n\n" + BODY, **book)
            for number, book in enumerate(books)
        ]
        notices = {notice["new_id"]: notice for notice in witness.until(*ids)}
    for post_id in ids:
        await expect(reader.page.locator(f".card[data-post-id='{post_id}']")).to_have_count(1)
    await expect(reader.page.locator(".toast")).not_to_have_count(0)
    await expect(reader.page.locator(".card cite", has_text="<script>").first).to_be_attached()
    assert await reader.scan() == []

    # A comment comes to an open page, too.
    post, url = ids[0], notices[ids[0]]["url"]
    assert await reader.at(url) == []
    answers = [author.post(f"/posts/{post}/comments/", body=text) for text in (BODY[:4_900], BODY[-4_900:])]
    comment = answers[0].headers["location"].rpartition("-")[2]
    await expect(reader.page.locator(".comment")).to_have_count(2)
    assert await reader.scan() == []

    book = re.findall(r'href="(/books/[^"]*)"', notices[post]["html"])[0]
    for path in ["/", url, f"/posts/{post}/comments/", book, f"/authors/{author.name}/"]:
        assert await reader.at(path) == [], path
    for post_id in ids[1:3]:
        assert await reader.at(notices[post_id]["url"]) == []

    edit = f"/posts/{post}/edit/"
    for path in ["/", "/mine/", url, f"/posts/{post}/comments/{comment}/edit/", f"/posts/{post}/delete/", edit]:
        assert await own.at(path) == [], path
    await own.page.get_by_role("button", name="Preview").click()
    await expect(own.page.locator("[data-preview] .body")).to_contain_text("<script>")
    assert await own.scan() == []

    # Without a script the preview is a page; a draft that is kept comes back; what was deleted is named.
    await own.page.get_by_label("Title", exact=False).first.fill(LINES[1])
    await own.page.reload()
    await expect(own.page.get_by_label("Title", exact=False).first).to_have_value(LINES[1])
    assert await own.scan() == []
    assert await own.at(f"/posts/{post}/delete/") == []
    await own.page.get_by_role("button", name="Delete it").click()
    await expect(own.page.locator(".message")).to_contain_text("<script>")
    assert await own.scan() == []


async def test_what_waits_for_its_book_runs_nothing_either(site: Site, browser: Browser) -> None:
    author = site.author()
    own = await watched(browser, site, author)
    site.catalogue.hold()
    with site.reader() as witness:
        posts = [author.write(line, body=BODY, book_title=line) for line in LINES]
        await asyncio.to_thread(site.catalogue.wait_until_asked, "search")
        for path in (f"/posts/{posts[-1]}/", "/mine/", "/"):
            assert await own.at(path) == [], path
        await expect(own.page.locator(".progress").first).to_be_visible()
        site.catalogue.release()
        await asyncio.to_thread(witness.until, *posts)  # not in the midst of another test


async def test_an_odd_name_that_can_be_signed_up_with_is_only_a_name(site: Site, browser: Browser) -> None:
    name = "javascript+alert.1@-_..//".replace("/", "")
    author = site.visitor()
    fields = {"username": name, "email": "odd@example.org", "password1": "correct horse battery"}
    assert author.post("/accounts/signup/", **fields).status == 302
    with site.reader() as witness:
        post = author.write("By an odd name")
        (notice,) = witness.until(post)
    reader = await watched(browser, site)
    assert await reader.at(notice["url"]) == []
    await reader.page.locator("a.author").first.click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text(name)
    assert await reader.scan() == []


async def test_the_policy_would_have_stopped_it(site: Site, browser: Browser) -> None:
    """The other half: markup that had come through would still do nothing."""
    reader = await watched(browser, site)
    await reader.page.goto(site.url)
    await reader.page.evaluate(
        """([markup, code]) => {
          const main = document.querySelector("main");
          main.innerHTML = markup.join("");
          for (const [name, fields] of [["script", { textContent: code }], ["style", { textContent: "*{color:red}" }],
              ["script", { src: "https://spy.example/x.js" }], ["script", { src: "data:text/javascript," + code }]]) {
            main.append(Object.assign(document.createElement(name), fields));
          }
          const link = Object.assign(document.createElement("a"), { href: "javascript:" + code });
          main.append(link);
          link.click();
        }""",
        [[markup for markup in MARKUP if "refresh" not in markup], DO],  # no policy is about where a page may lead
    )
    await reader.page.wait_for_load_state("networkidle")
    assert await reader.page.evaluate("window.pwned") is None
    stopped = {violation.partition(":")[0] for violation in await reader.page.evaluate("window.violations")}
    assert {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "img-src"} <= stopped
    assert {"object-src", "base-uri"} <= stopped


# --- the policy itself, on every page ------------------------------------------------------------------


DATA = ("application/json", "application/ld+json")  # which no browser runs


class Inline(HTMLParser):
    """What a page has in it that the policy would not let run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") not in DATA):
            self.found.append(tag)
        self.found += [name for name, value in attrs if name == "style" or name.startswith("on")]
        self.found += [value for _, value in attrs if value and value.startswith(("javascript:", "data:"))]


ACCOUNT_PAGES = ["account_login", "account_signup", "account_logout", "account_email", "account_change_password"]
ACCOUNT_PAGES += ["account_reauthenticate", "account_inactive", "account_reset_password_done", "account_set_password"]


@pytest.mark.django_db
def test_every_page_has_the_policy_and_nothing_that_it_would_stop(
    client: Client, admin_client: Client, make_published: MakePost, make_post: MakePost, ann: User
) -> None:
    line = LINES[0]
    book = Book.objects.create(key="x", title=line, author=line)
    post = make_published(title=line, shown_title=line, book=book, shown_book_title=line)
    waiting = make_post(title=line)
    comment = Comment.objects.create(post=post, author=ann, body=line, html="<p>Yes.</p>")
    author, forger = Client(), Client(enforce_csrf_checks=True)
    author.force_login(ann)
    own = [post.get_absolute_url(), f"/posts/{waiting.pk}/", f"/posts/{post.pk}/comments/", book.get_absolute_url()]
    own += ["/", "/mine/", "/posts/new/", f"/authors/{ann}/", f"/posts/{post.pk}/edit/", f"/posts/{post.pk}/delete/"]
    own += [f"/posts/{post.pk}/comments/{comment.pk}/edit/", "/nothing/", *map(reverse, ACCOUNT_PAGES)]
    own += ["/accounts/password/reset/", "/accounts/password/reset/key/1-a/", "/updates/", "/posts/state/"]
    admin = ["/admin/", "/admin/nothing/", "/admin/password_change/", f"/admin/posts/post/{post.pk}/delete/"]
    for model, pk in (("posts/post", post.pk), ("posts/book", book.pk), ("posts/comment", comment.pk)):
        admin += [f"/admin/{model}/", f"/admin/{model}/?q=x", f"/admin/{model}/{pk}/change/"]
        admin += [f"/admin/{model}/{pk}/history/"]
    admin += ["/admin/auth/user/", f"/admin/auth/user/{ann.pk}/change/", "/admin/auth/user/add/"]
    admin += ["/admin/django_celery_results/taskresult/", "/admin/account/emailaddress/"]
    answers: list[Any] = [browser.get(path) for browser in (client, author) for path in own]
    answers += [admin_client.get(path) for path in admin]
    answers += [
        client.get("/", headers={"host": "evil.example"}),
        client.post("/posts/new/", {"a": "b"} | {str(number): "" for number in range(200)}),
        forger.post("/accounts/login/", {"login": "ann"}),
        author.get("/admin/", follow=True),
        author.post("/posts/new/", {"title": line, "body": BODY, "isbn": line, "preview": "yes"}),
        client.post("/accounts/login/", {"login": line, "password": "x"}),
        client.post("/accounts/signup/", {"username": line, "email": line}),
    ]
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 302, 400, 403, 404}
    for answer in answers:
        where = (answer.request["PATH_INFO"], answer.status_code)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; " in policy + "; ", where
        assert not re.search(r"unsafe|\*|http|data:|blob:", policy), where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert "frame-ancestors 'none'" in policy, where
        assert answer.headers["Referrer-Policy"] == "same-origin", where
        page = Inline()
        page.feed(answer.content.decode())
        assert page.found == [], where


async def test_the_operator_s_pages_keep_to_it(site: Site, browser: Browser) -> None:
    author = site.author()
    with site.reader() as witness:
        post = author.write(LINES[0], body=BODY, book_title=LINES[1])
        witness.until(post)
    person = f"User.objects.filter(username='{author.name}')"
    site.manage("shell", "-c", f"{person}.update(is_staff=True, is_superuser=True)")
    operator = await watched(browser, site, author)
    lists = ["/admin/posts/post/", "/admin/posts/book/", "/admin/django_celery_results/taskresult/"]
    for path in ["/admin/", *lists, f"/admin/posts/post/{post}/change/", f"/admin/posts/post/{post}/delete/"]:
        await operator.at(path)
        assert await operator.page.evaluate("[window.pwned, ...window.violations]") == [None], path
        assert operator.problems == [], path
    await expect(operator.page.locator("#content")).to_contain_text("<script>")
