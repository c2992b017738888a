from django import template
from django.template.defaultfilters import stringfilter
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from ..words import words

register = template.Library()


@register.simple_tag(name="words")
def words_as_data() -> SafeString:
    """What the page's scripts say in another language; nothing where that is English."""
    said = words()
    return json_script(said, "words") if said else SafeString("")


@register.filter(is_safe=True)
@stringfilter
def sentence(title: str) -> str:
    """One of allauth's titles, which has capitals for looks in English, and in German those that it needs."""
    return title.strip().capitalize() if get_language() == "en" else title.strip()
