"""Two web hosts, two worker hosts, one for the data, one proxy: cables are pulled and the master of Redis dies, and
every reader hears of every post, once."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import redis

from bookshelf import valkey

from .. import postgres
from ..catalogue import Catalogue, picture
from ..site import ROOT, Reader, Visitor, Web
from ..test_containers import OURS
from ..test_rehearsal import found_caddy
from .network import Network, problem

pytestmark = pytest.mark.xdist_group("own_processes")

MASTER = "bookshelf"
SENTINELS = (26379, 26380, 26381)


class Hosts:
    """The whole site on them. Each command is the one of the containers."""

    def __init__(self, network: Network, folder: Path, catalogue: Catalogue, place: str) -> None:
        self.network = network
        self.folder = folder
        self.catalogue = catalogue
        self._place = place  # of PostgreSQL's socket
        self._processes: list[subprocess.Popen[bytes]] = []
        self._people = 0
        self.webs = [Web(8000, network[name].address) for name in ("web1", "web2")]
        self.url = f"http://{network['proxy'].address}:8080"
        data = network["data"]
        # Two addresses of one host, so that it can be there for one and not for the other.
        self.redis, self.database = data.address, network.address(99)
        data.add(self.database)
        addresses = [host.address for host in network.hosts.values()]
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SECRET_KEY": "k" * 50,
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": ",".join(addresses),
            "TRUSTED_PROXIES": "1",
            "DATABASE_URL": f"postgresql://bookshelf@{self.database}:5432/postgres",
            "REDIS_URL": "sentinel://" + ",".join(f"{self.redis}:{port}" for port in SENTINELS) + f"/{MASTER}",
            "OPENLIBRARY_URL": catalogue.url,
            "COVERS_URL": catalogue.url,
            "CATALOGUE_RATE": "1000",
            "CANARY_SECONDS": "0",
        }

    def start(self, host: str, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        var = self.folder / f"{host}-{name}"
        var.mkdir(exist_ok=True)
        (self.folder / "media").mkdir(exist_ok=True)
        if not (var / "media").exists():
            (var / "media").symlink_to(self.folder / "media")
        process = self.network[host].start(command, self.environment | {"VAR_DIR": str(var)}, var / "log")
        self._processes.append(process)
        return process

    def start_all(self, server: str, caddy: str) -> None:
        relay = [sys.executable, "-m", "tests.hosts.relay", self.database, "5432", self._place]
        self.start("data", "postgres", relay)
        for port, more in ((6379, []), (6380, ["--replicaof", self.redis, "6379"])):
            where = ["--bind", self.redis, "--port", str(port), "--protected-mode", "no", "--save", ""]
            process = self.start("data", f"valkey{port}", [server, *where, "--dir", str(self.folder), *more])
            if port == 6379:
                self.master = process
        for port in SENTINELS:
            file = self.folder / f"sentinel{port}.conf"
            file.write_text(
                f"port {port}\nbind {self.redis}\nprotected-mode no\ndir {self.folder}\n"
                f"sentinel monitor {MASTER} {self.redis} 6379 2\nsentinel down-after-milliseconds {MASTER} 1000\n"
                f"sentinel failover-timeout {MASTER} 3000\n"
            )
            self.start("data", f"sentinel{port}", [server, str(file), "--sentinel"])
        migrate = ["ip", "netns", "exec", self.network["data"].space, *self.command("migrate")]
        environment = self.environment | {"VAR_DIR": str(self.folder)}
        until(lambda: answers(self.network["data"].space, self.database))
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        self.start("data", "beat", self.command("beat"))
        for host in ("worker1", "worker2"):
            for name in ("worker", "sweep"):
                self.start(host, name, [*self.command(name), "--hostname", f"{name}@{host}"])
        for host in ("web1", "web2"):
            self.start(host, "web", self.command("web"))
        config = self.folder / "Caddyfile"
        upstreams = " ".join(f"{web.url.removeprefix('http://')}" for web in self.webs)
        config.write_text(
            f"{{\n admin off\n}}\n:8080 {{\n reverse_proxy {upstreams} {{\n  lb_policy round_robin\n"
            "  lb_try_duration 5s\n  health_uri /readyz\n  health_interval 500ms\n }\n}\n"
        )
        run = [caddy, "run", "--config", str(config), "--adapter", "caddyfile"]
        self.start("proxy", "caddy", ["env", f"HOME={self.folder}", *run])
        for web in self.webs:
            until(partial(is_ready, web))

    def command(self, name: str) -> list[str]:
        return shlex.split(OURS[name]["command"])

    def stop_all(self) -> None:
        """What was started last first: a worker that has lost its broker takes long."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def author(self) -> Visitor:
        self._people += 1
        return Visitor(self.url).sign_up(f"author{self._people}")

    @contextmanager
    def readers(self) -> Iterator[list[Reader]]:
        """One at each web host."""
        with ExitStack() as stack:
            yield [stack.enter_context(web.reader()) for web in self.webs]


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 90
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)  # between two looks


def answers(space: str, address: str) -> bool:
    look = f"import socket; socket.create_connection(('{address}', 5432), 2)"
    command = ["ip", "netns", "exec", space, sys.executable, "-c", look]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def is_ready(web: Web) -> bool:
    try:
        return '"redis": "ok"' in web.visitor().get("/readyz").text
    except OSError:
        return False


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    caddy, binaries, server = found_caddy(), postgres.provided(), valkey.find_server()
    if why := problem() or ("" if caddy and binaries and server else "Caddy, PostgreSQL or Valkey cannot be had here"):
        pytest.skip(why)
    assert caddy
    assert binaries
    assert server
    folder = tmp_path_factory.mktemp("hosts")
    with ExitStack() as stack:
        network = stack.enter_context(Network("data", "web1", "web2", "worker1", "worker2", "proxy"))
        catalogue = stack.enter_context(Catalogue(network.address(1)))
        url = stack.enter_context(postgres.server(binaries)).url
        place = f"{unquote(parse_qs(urlsplit(url).query)['host'][0])}/.s.PGSQL.5432"
        hosts = Hosts(network, folder, catalogue, place)
        stack.callback(hosts.stop_all)
        hosts.start_all(server, caddy)
        yield hosts


def heard(reader: Reader, posts: list[int], also: int | None = None) -> Counter[tuple[int, str]]:
    """What a reader is told of some posts, until it has heard of each, and of another one in the meantime."""
    told: Counter[tuple[int, str]] = Counter()
    missing = set(posts)
    while missing:
        message = reader.next(120)
        if message["type"] == "heartbeat":
            reader.connection.send(json.dumps({"pong": message["nonce"]}))
        elif message["type"] == "update_notice" and message["new_id"] in (*posts, also):
            told[message["new_id"], message["kind"]] += 1
            missing.discard(message["new_id"])
    return told


def all_heard(readers: list[Reader], posts: list[int], also: int | None = None) -> list[Counter[tuple[int, str]]]:
    """The same of each reader, at the same time: whoever is not heard out meanwhile is sent away for not answering."""
    with ThreadPoolExecutor(len(readers)) as ears:
        return list(ears.map(lambda reader: heard(reader, posts, also), readers))


def once(posts: list[int]) -> Counter[tuple[int, str]]:
    return Counter({(post, "published"): 1 for post in posts})


def test_readers_at_both_web_hosts_hear_of_every_post_once(hosts: Hosts) -> None:
    author = hosts.author()
    with hosts.readers() as readers:
        posts = [author.write(f"Everywhere {number}") for number in range(10)]
        assert all_heard(readers, posts) == [once(posts)] * 2


def test_a_web_host_without_redis_serves_and_its_readers_miss_nothing(hosts: Hosts) -> None:
    author = hosts.author()
    web = hosts.webs[1]
    with hosts.readers() as readers:
        before = [author.write("Before")]
        with hosts.network["web2"].cut_off_from(hosts.redis):
            there = Visitor(web.url).log_in(author.name)
            during = [there.write("Saved where there is no Redis"), author.write("Saved somewhere")]
            assert all_heard(readers, before + during) == [once(before + during)] * 2
            assert web.visitor().get("/").status == 200
        after = [author.write("After")]
        assert all_heard(readers, after) == [once(after)] * 2


def test_a_web_host_without_its_database_says_so_and_its_readers_miss_nothing(hosts: Hosts) -> None:
    author = hosts.author()
    elsewhere, web = hosts.webs
    there = Visitor(elsewhere.url).log_in(author.name)
    with hosts.readers() as readers:
        with hosts.network["web2"].cut_off_from(hosts.database):
            during = [there.write("Saved where there is one")]
            answer = web.visitor().get("/readyz")
            assert (answer.status, answer.json["database"]) == (503, "down")
        after = [there.write("After")]
        assert all_heard(readers, during + after) == [once(during + after)] * 2
    until(partial(is_ready, web))


def test_a_worker_host_that_is_cut_off_in_the_midst_of_a_task_loses_and_doubles_nothing(hosts: Hosts) -> None:
    author = hosts.author()
    with hosts.readers() as readers:
        hosts.catalogue.hold()
        post = author.write("Cut off", isbn=hosts.catalogue.add_new(cover=picture()))
        hosts.catalogue.wait_until_asked("/api/books")
        names = {hosts.network[name].address: name for name in ("worker1", "worker2")}
        name = names[hosts.catalogue.clients[-1]]
        with hosts.network[name].cut_off():
            hosts.catalogue.release()
            assert all_heard(readers, [post]) == [once([post])] * 2
        log = hosts.folder / f"{name}-worker" / "log"
        until(lambda: bool(re.search("superseded|raised|Hard time limit", log.read_text())))  # tried, or never will
        last = [author.write("When it is back")]
        assert all_heard(readers, last, also=post) == [once(last)] * 2


def test_a_master_of_redis_dies_under_load_and_no_post_is_lost(hosts: Hosts) -> None:
    authors = [hosts.author() for _ in range(3)]
    posts: list[int] = []

    def write(author: Visitor) -> None:
        posts.extend(author.write(f"Under load {number}") for number in range(8))

    with hosts.readers() as readers:
        threads = [threading.Thread(target=write, args=[author]) for author in authors]
        for thread in threads:
            thread.start()
        hosts.master.kill()
        for thread in threads:
            thread.join()
        assert len(posts) == 24
        assert all_heard(readers, posts) == [once(posts)] * 2
    with redis.Redis(hosts.redis, SENTINELS[0]) as sentinel:
        assert sentinel.sentinel_get_master_addr_by_name(MASTER)[1] == 6380
