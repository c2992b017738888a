"""Keys beside a password: a passkey, codes of an app, codes to recover by; and where one is logged in."""

from typing import Any

import pytest
import pytest_asyncio
from allauth.mfa.totp.internal.auth import generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from playwright.async_api import Browser, Page, expect

from .conftest import be
from .site import Site

PASSWORD = "correct horse battery"


def local(site: Site) -> str:
    """Browsers let keys be made for a name alone, not for an address."""
    return site.url.replace("127.0.0.1", "localhost")


async def confirm(page: Page) -> None:
    """Say once more who one is, as before anything that opens the account."""
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Confirm").click()


@pytest_asyncio.fixture(loop_scope="session")
async def page(site: Site, browser: Browser) -> Page:
    """Of somebody who has just logged in, with a device that keeps passkeys."""
    author = site.author()
    context = await browser.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options: dict[str, Any] = {**device, "isUserVerified": True, "automaticPresenceSimulation": True}
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await page.goto(local(site) + "/accounts/login/")
    await page.get_by_label("Username or email").fill(author.name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(page.locator(".me .name")).to_have_text(author.name)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


async def test_who_has_a_passkey_needs_no_password(site: Site, page: Page) -> None:
    name = await page.locator(".me .name").inner_text()
    await page.get_by_role("link", name="Two-factor authentication").click()
    await page.get_by_role("link", name="Add", exact=True).click()
    await confirm(page)
    await page.get_by_label("Name").fill("My phone")
    await page.get_by_label("Passwordless").check()
    await page.get_by_role("button", name="Add").click()
    await expect(page.get_by_label("Unused codes")).to_be_visible()
    await page.goto(local(site) + "/accounts/2fa/webauthn/")
    await expect(page.get_by_role("cell", name="My phone Passkey")).to_be_visible()
    await page.get_by_role("button", name="Log out").click()
    await expect(page.locator(".me .name")).to_have_count(0)
    await page.goto(local(site) + "/accounts/login/")
    await page.get_by_role("button", name="Log in with a passkey").click()
    await expect(page.locator(".me .name")).to_have_text(name)


async def test_a_device_that_gives_no_passkey_is_told_of(site: Site, page: Page) -> None:
    await page.get_by_role("button", name="Log out").click()
    await page.goto(local(site) + "/accounts/login/")
    await page.get_by_role("button", name="Log in with a passkey").click()
    await expect(page.get_by_text("Your device gave no passkey. Nothing has changed.")).to_be_visible()


async def test_an_app_s_code_is_asked_for_and_one_to_recover_by_will_do(site: Site, page: Page) -> None:
    name = await page.locator(".me .name").inner_text()
    await page.goto(local(site) + "/accounts/2fa/totp/activate/")
    await confirm(page)
    picture = page.locator("main img")
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("(image) => image.naturalWidth > 0")
    secret = await page.get_by_label("Authenticator secret").input_value()
    assert len(secret) == len(generate_totp_secret())
    await page.get_by_label("Authenticator code").fill(code_of(secret))
    await page.get_by_role("button", name="Activate").click()
    codes = (await page.get_by_label("Unused codes").input_value()).split()
    assert len(set(codes)) == 10
    await page.get_by_role("button", name="Log out").click()
    await page.goto(local(site) + "/accounts/login/")
    await page.get_by_label("Username or email").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(page.locator(".me .name")).to_have_count(0)
    await page.get_by_label("Code").fill(codes[0])
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(page.locator(".me .name")).to_have_text(name)


def code_of(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return f"{hotp_value(secret, counter) % 10**6:06}"


async def test_one_sees_where_one_is_logged_in_and_ends_the_others(site: Site, browser: Browser, page: Page) -> None:
    name = await page.locator(".me .name").inner_text()
    other = await browser.new_context()
    await be(site.visitor().log_in(name), other)
    theirs = await other.new_page()
    await theirs.goto(site.url)
    await expect(theirs.locator(".me .name")).to_have_text(name)
    await page.get_by_role("link", name="Sessions").click()
    await page.get_by_role("button", name="Log out everywhere else").click()
    await theirs.reload()
    await expect(theirs.locator(".me .name")).to_have_count(0)
    await expect(page.locator(".me .name")).to_have_text(name)
