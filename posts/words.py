"""What the pages' scripts say, in the reader's language: handed to them as data, for they know English alone."""

from django.utils.translation import get_language, gettext, gettext_noop

# As the scripts write them: what stands in braces they fill in.
WORDS = [
    gettext_noop("{n} comment"),
    gettext_noop("{n} comments"),
    gettext_noop("{n} min"),
    gettext_noop("on"),
    gettext_noop("by"),
    gettext_noop("edited"),
    gettext_noop("Likes:"),
    gettext_noop("This post gives away what happens in the book."),
    gettext_noop("just now"),
    gettext_noop("Your device gave no passkey. Nothing has changed."),
    gettext_noop("connecting …"),
    gettext_noop("live"),
    gettext_noop("checking now and then"),
    gettext_noop("no connection, trying again"),
    gettext_noop("not live; reload to see news"),
    gettext_noop("New post:"),
    gettext_noop("{author}, on"),
    gettext_noop("1 new post"),
    gettext_noop("{n} new posts"),
    gettext_noop("Alerts: on"),
    gettext_noop("Alerts: paused"),
    gettext_noop("1 unread notification"),
    gettext_noop("{n} unread notifications"),
    gettext_noop("You are told by your browser from now on."),
    gettext_noop("Your browser does not tell you."),
    gettext_noop("You are logged out. This browser keeps your draft; log in in another tab to save it."),
    gettext_noop("Draft saved"),
    gettext_noop("Draft kept in this browser"),
    gettext_noop("There is no way to the site at the moment, so no preview. What you typed is safe; try again soon."),
    gettext_noop("You are no longer logged in. Log in in another tab, then reload this page: your text is kept."),
    gettext_noop("The site could not make a preview ({status}). What you typed is safe; try again soon."),
    gettext_noop("The site's answer was no preview. What you typed is safe; try again soon."),
    gettext_noop("This post has just been taken away."),
    gettext_noop("This page is older than your login. Please reload it."),
    gettext_noop("That could not be saved. Please try again."),
    gettext_noop("Your import is done: {done} imported, {duplicate} here already, {failed} failed."),
]


def words() -> dict[str, str]:
    """Those that are other words in the language that is active; none in English."""
    if get_language() == "en":
        return {}
    return {word: said for word in WORDS if (said := gettext(word)) != word}
