"""`manage.py restore FILE`: the site as it was when that backup was made, while it runs or not."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from bookshelf.backups import inspect, restore
from bookshelf.dumps import Impossible

QUESTION = """Everything in the database {name!r} is replaced by what was there at {made_at}:
whatever was written since is gone, and everybody has to log in again.

    Type 'yes' to continue, or 'no' to cancel: """


class Command(BaseCommand):
    help = "Put what a backup holds in the place of everything in the database, and add its covers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `backup` has written")
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive", help="do not ask")

    def handle(self, *args: Any, file: Path, interactive: bool, **options: Any) -> None:
        try:
            manifest = inspect(file)
            question = QUESTION.format(name=str(connection.settings_dict["NAME"]), made_at=manifest.made_at)
            if interactive and input(question) != "yes":
                self.stdout.write("Nothing was changed.")
                return
            covers = restore(file)
        except (Impossible, DatabaseError, OSError) as error:
            raise CommandError(f"The database is as it was: {error}") from error
        call_command("migrate", interactive=False, verbosity=0)  # it may be of an older version
        self.stdout.write(f"The site is what it was at {manifest.made_at}, with {covers} covers.")
