from django import template

from ..cards import card_of

register = template.Library()
register.filter("card", card_of)
