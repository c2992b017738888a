"""`manage.py backup FILE`: the whole site in one file, while it runs or not."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from bookshelf.backups import back_up
from bookshelf.dumps import Impossible


class Command(BaseCommand):
    help = "Write the database as it is now, and the covers, to one file. The site may go on running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="such as bookshelf.tar.gz; an older one of that name is replaced")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            covers = back_up(file.absolute())
        except (Impossible, DatabaseError, OSError) as error:
            raise CommandError(f"No backup was written: {error}") from error
        self.stdout.write(f"The database and {covers} covers are in {file}. The secret key is not: keep that apart.")
