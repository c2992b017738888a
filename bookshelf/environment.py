"""What an operator may set from outside: each variable read, checked, and refused in one clear line."""

import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included; Valkey's
# own temporary names need a few more.
LONGEST_SOCKET_FOLDER = 90
SHORTEST_KEY = 50  # characters, as Django's own check has it
# PostgreSQL over TCP, where its host or the network is gone without a word: nobody is kept waiting for minutes, or for
# hours. In seconds, but tcp_user_timeout in milliseconds; of other connections libpq ignores them.
GIVEN_UP = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # of what was sent and nobody says they have
    "keepalives_idle": 10,  # of what is waited for
    "keepalives_interval": 5,
    "keepalives_count": 2,
}


class Unusable(SystemExit):
    """A value that nothing can start with. Leaving by SystemExit prints the line, without a traceback,
    under manage.py, daphne, celery and the launcher alike."""

    def __init__(self, name: str, complaint: str) -> None:
        super().__init__(f"BookShelf cannot start: {name} {complaint}")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def header(name: str) -> str:
    """Text that can stand in an HTTP header."""
    value = text(name)
    if not (value.isascii() and value.isprintable()):
        raise Unusable(name, f"must be plain ASCII, not {value!r}.")
    return value


def sender(name: str, default: str) -> str:
    """Whom mails are from: an address, or a name and an address."""
    value = header(name) or default
    if not re.fullmatch("[^@ ]+@[^@ ]+", parseaddr(value)[1]):
        raise Unusable(name, f"must read name@host or Name <name@host>, not {value!r}.")
    return value


def boolean(name: str, default: bool) -> bool:
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise Unusable(name, f"must be true or false, not {value!r}.")
    return default


def number(name: str, default: float, lowest: float, highest: float = float("inf")) -> float:
    value = text(name)
    try:
        result = float(value) if value else float(default)
    except ValueError:
        raise Unusable(name, f"must be a number, not {value!r}.") from None
    if not lowest <= result <= highest:
        bounds = f"{lowest:g} or more" if highest == float("inf") else f"from {lowest:g} to {highest:g}"
        raise Unusable(name, f"must be {bounds}, not {value}.")
    return result


def whole(name: str, default: int, lowest: int, highest: float = float("inf")) -> int:
    value = text(name)
    if value and not re.fullmatch(r"-?[0-9]+", value):
        raise Unusable(name, f"must be a whole number, not {value!r}.")
    return int(number(name, default, lowest, highest))


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def web_address(name: str, default: str) -> str:
    """The address of a site, without a trailing slash."""
    value = text(name, default)
    problem = web_address_problem(value)
    if problem:
        raise Unusable(name, f"must be an address such as https://example.org, not {value!r} ({problem}).")
    return value.rstrip("/")


def web_address_problem(value: str) -> str:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https"):
        return "it starts with neither http:// nor https://"
    if not parts.hostname:
        return "it names no host"
    if parts.query or parts.fragment or not (value.isascii() and value.isprintable() and " " not in value):
        return "it holds more than a host and a path in plain ASCII"
    return ""


def writable_folder(name: str, default: Path) -> Path:
    """The folder, made where it is missing."""
    folder = Path(text(name) or default).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Unusable(name, f"{folder} is not a folder that can be written to ({error.strerror}).") from None
    return folder


def secret_key(name: str, file: Path, *, in_production: bool = False) -> str:
    """The key from the environment; else the one in `file`, made once with mode 0600. In production it has to be given,
    for there is more than one process's folder, and long."""
    given = text(name)
    if given and in_production and len(given) < SHORTEST_KEY:
        raise Unusable(name, f"has {len(given)} characters, and needs {SHORTEST_KEY} where SITE_URL is https.")
    if given:
        return given
    if in_production:
        raise Unusable(name, f"must be set where SITE_URL is https; without that, the one in {file} is used.")
    if not file.exists():
        # Written aside and linked into place: of processes that start together the first one's key
        # stands for all, and none reads half a key.
        with tempfile.NamedTemporaryFile("w", dir=file.parent) as new:  # mode 0600
            new.write(secrets.token_urlsafe(50))
            new.flush()
            with contextlib.suppress(FileExistsError):
                os.link(new.name, file)  # where links cannot be made, SECRET_KEY has to be set
    key = file.read_text().strip()
    if len(key) < SHORTEST_KEY:
        raise Unusable(name, f"is not set and {file} does not hold a key; remove that file to have a new one made.")
    return key


def database(name: str, sqlite_file: Path) -> dict[str, Any]:
    """Django's settings of the one database: from the variable, else SQLite in `sqlite_file`."""
    url = text(name)
    config: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(sqlite_file)}
    if url:
        known = url.partition("://")[0] in ("sqlite", "postgres", "postgresql")
        config = parsed(environ.Env.db_url_config, url) if known else {}
    if not config:
        raise Unusable(name, "must be an address such as postgresql://user:password@host/name or sqlite:////path.")
    if config["NAME"] in ("", ":memory:"):
        raise Unusable(name, "must name a database that all processes can open.")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # A read that turns into a write cannot wait for a lock in SQLite, so every transaction takes it first.
        # FULL: a post that was answered with "saved" outlives a power cut.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364;"
            ),
        }
    else:
        config["OPTIONS"] = GIVEN_UP | config.get("OPTIONS", {})
    return config


def parsed(parse: Callable[[str], dict[str, Any]], url: str) -> dict[str, Any]:
    """What the library reads from an address; empty where it cannot."""
    try:
        return parse(url)
    except (ImproperlyConfigured, KeyError, ValueError):
        return {}


def pool(database: dict[str, Any]) -> None:
    """Let a process that serves pages keep its connections to PostgreSQL, as its settings name it.

    A new one takes 2 ms, which is half of a page; one that broke while it was idle is replaced unseen. Where the server
    is away each try is given up after seconds, or the pool would come back minutes after the server. Not for workers:
    Celery closes the pool before and after each task, which costs more than it saves.
    """
    if database["ENGINE"] == "django.db.backends.postgresql":
        bounds = {"min_size": 1, "max_size": 8, "timeout": 5, "reconnect_timeout": 5}
        database["OPTIONS"] = {**database.get("OPTIONS", {}), "pool": bounds}
        database["CONN_HEALTH_CHECKS"] = True


def email(name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings; empty where no mail server is named."""
    url = text(name)
    if not url:
        return {}
    config = parsed(environ.Env.email_url_config, url)
    if "EMAIL_BACKEND" not in config:
        raise Unusable(name, "must be an address such as smtp+tls://user:password@host:587.")
    return config


@dataclass(frozen=True)
class Login:
    """Where else one may log in: allauth's provider, its settings, and the origins to which a form of ours may lead."""

    provider: str
    app: dict[str, Any]
    origins: list[str]


def logins() -> list[Login]:
    """From GITHUB_LOGIN and GOOGLE_LOGIN, `id:secret`, and OIDC_LOGIN, `https://id:secret@issuer?name=…&also=…`."""
    found = []
    for name, provider, origin in (
        ("GITHUB_LOGIN", "github", "https://github.com"),
        ("GOOGLE_LOGIN", "google", "https://accounts.google.com"),
    ):
        if given := text(name):
            client_id, _, secret = given.partition(":")
            if not (client_id and secret):
                raise Unusable(name, "must read id:secret.")
            found.append(Login(provider, {"client_id": client_id, "secret": secret}, [origin]))
    if given := text("OIDC_LOGIN"):
        found.append(_openid_connect(given))
    return found


def _openid_connect(given: str) -> Login:
    try:
        parts = urlsplit(given)
        origin = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError as error:
        raise Unusable("OIDC_LOGIN", f"is not an address ({error}).") from None
    if parts.scheme not in ("http", "https") or not (parts.hostname and parts.username and parts.password):
        raise Unusable("OIDC_LOGIN", "must read https://id:secret@issuer.")
    app = {
        "provider_id": "oidc",
        "name": parse_qs(parts.query).get("name", [parts.hostname])[0],
        "client_id": unquote(parts.username),
        "secret": unquote(parts.password),
        "settings": {"server_url": origin + parts.path},
    }
    also = parse_qs(parts.query).get("also", [])
    if any(web_address_problem(other) for other in also):
        raise Unusable("OIDC_LOGIN", "must have origins such as https://login.example in also=.")
    return Login("openid_connect", app, [origin, *also])


def socket_folder(var_dir: Path) -> Path:
    """Where Unix sockets may stand: in `var_dir`, or in a short private folder where that is too long for one."""
    if len(os.fsencode(var_dir)) <= LONGEST_SOCKET_FOLDER:
        return var_dir
    short = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"bookshelf-{os.getuid()}-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if folder.is_symlink() or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise Unusable("VAR_DIR", f"is too long for a Unix socket, and {folder} is not private to this user.")
    return folder


@dataclass(frozen=True)
class Redis:
    """One Redis or Valkey, and how each library wants to be told of it.

    `url` is redis://, rediss:// or unix://; empty where `sentinels` watch the server named `master`.
    """

    url: str
    sentinels: tuple[tuple[str, int], ...] = ()
    master: str = ""

    @property
    def broker_url(self) -> str:
        """For kombu."""
        if self.sentinels:
            return ";".join(f"sentinel://{host}:{port}" for host, port in self.sentinels)
        if not self.url.startswith("unix://"):
            return self.url
        parts = urlsplit(self.url)
        database = parse_qs(parts.query).get("db", ["0"])[0]
        password = f":{parts.password}@" if parts.password else ""
        return f"redis+socket://{password}{parts.path}?virtual_host={database}"

    @property
    def broker_options(self) -> dict[str, Any]:
        return {"master_name": self.master} if self.sentinels else {}

    @property
    def layer_host(self) -> dict[str, Any]:
        """For channels-redis."""
        if self.sentinels:
            return {"sentinels": list(self.sentinels), "master_name": self.master}
        return {"address": self.url}


def storage(name: str) -> dict[str, Any]:
    """Django's settings of where covers are: storage as S3 has it, `https://key:secret@host/bucket?region=…`, or files.

    A name stands for its content, so writing it again is right.
    """
    url = text(name)
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"allow_overwrite": True}}
    try:
        parts = urlsplit(url)
        endpoint = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError as error:
        raise Unusable(name, f"is not an address ({error}).") from None
    bucket = parts.path.strip("/")
    complete = parts.hostname and parts.username and parts.password and re.fullmatch(r"[a-z0-9.-]{3,63}", bucket)
    if parts.scheme not in ("http", "https") or not complete:
        raise Unusable(name, "must read https://key:secret@host/bucket.")
    # A fifth of a second that most sites need not spend.
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    bounded = Config(
        connect_timeout=2,
        read_timeout=4,
        retries={"total_max_attempts": 1},
        signature_version="s3v4",
        # Others than Amazon's refuse checksums that they do not know (django-storages#1482, #1498).
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "endpoint_url": endpoint,
            "bucket_name": bucket,
            "access_key": unquote(parts.username or ""),
            "secret_key": unquote(parts.password or ""),
            "region_name": parse_qs(parts.query).get("region", [""])[0] or None,
            "client_config": bounded.merge(Config(s3={"addressing_style": "path"})),
            "file_overwrite": True,
        },
    }


def redis(name: str, embedded_socket: Path) -> Redis:
    """The server named by the variable, else the embedded one on its Unix socket.

    Accepted: `redis://`, `rediss://`, `unix:///path?db=0`, `sentinel://host:port,host:port/master`.
    """
    url = text(name)
    if not url:
        return Redis(f"unix://{quote(str(embedded_socket))}?db=0")
    if url.startswith("sentinel://"):
        return _sentinels(name, url)
    try:
        parts = urlsplit(url)
        complete = parts.path if parts.scheme == "unix" else parts.hostname
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError as error:
        raise Unusable(name, f"is not an address ({error}).") from None
    if parts.scheme in ("redis", "rediss") and not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise Unusable(name, f"must end in the number of a database, not {parts.path!r}.")
    if parts.scheme not in ("redis", "rediss", "unix") or not complete:
        raise Unusable(name, "must start with redis://, rediss://, unix:/// or sentinel://.")
    return Redis(url)


def _sentinels(name: str, url: str) -> Redis:
    hosts, _, master = unquote(url.removeprefix("sentinel://")).partition("/")
    found = re.findall(r"([^,:/@\s]+):([0-9]{1,5})(?:,|$)", hosts)
    understood = ",".join(f"{host}:{port}" for host, port in found) == hosts
    if not (master and found and understood) or any(not 0 < int(port) < 65536 for _, port in found):
        raise Unusable(name, "must read sentinel://host:port,host:port/master.")
    return Redis("", tuple((host, int(port)) for host, port in found), master)
