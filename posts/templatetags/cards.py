from django import template

from ..rendering import render_card

register = template.Library()
register.filter("card", render_card)
