from django.contrib.admin import apps


class OperatorsConfig(apps.AdminConfig):
    """Django's admin with our site for its pages."""

    default_site = "bookshelf.operators.OperatorsSite"
    default = False  # it is not what the app `bookshelf` itself is configured by
