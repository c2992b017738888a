from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from ..words import words

register = template.Library()


@register.simple_tag(name="words")
def words_as_data() -> SafeString:
    """What the page's scripts say in another language; nothing where that is English."""
    said = words()
    return json_script(said, "words") if said else SafeString("")
