"""Hosts of their own on a network of their own, with cables that can be pulled; for root, where Linux lets it."""

import ctypes
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..packages import apt, succeeded

LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = "02:00:00:00:00:99"  # an Ethernet address that no host has


def ip(*words: str, may_fail: bool = False) -> bool:
    done = subprocess.run(["ip", *words], check=not may_fail, capture_output=may_fail)
    return done.returncode == 0


def enter(space: int) -> None:
    """Let this thread, and what it starts, be in another network namespace: that of an open file. Raises OSError."""
    if LIBC.setns(space, 0) != 0:
        raise OSError(ctypes.get_errno(), "this thread cannot change its network namespace")


class Host:
    """`address` is on the network; `start` runs a command on it."""

    def __init__(self, name: str, number: int, network: "Network") -> None:
        self.name = name
        self.address = network.address(number)
        self.space = f"bs{network.run}-{name}"
        self.cable = f"bs{network.run}{number}"  # 15 characters at most

    def plug_in(self, bridge: str) -> None:
        ip("netns", "add", self.space)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        ip("link", "set", self.cable, "master", bridge, "up")
        ip("-n", self.space, "link", "set", "lo", "up")
        ip("-n", self.space, "link", "set", "eth0", "up")
        self.add(self.address)

    def add(self, address: str) -> None:
        """Give it an address."""
        ip("-n", self.space, "addr", "add", f"{address}/24", "dev", "eth0")

    def start(self, command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
        with open(log, "ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.space, *command], env=environment, stdout=file, stderr=file
            )

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Its cable pulled: nothing comes, nothing goes, and nobody is told."""
        ip("link", "set", self.cable, "down")
        try:
            yield
        finally:
            ip("link", "set", self.cable, "up")

    @contextmanager
    def cut_off_from(self, address: str) -> Iterator[None]:
        """What it sends to that address is lost on the way."""
        ip("-n", self.space, "neigh", "replace", address, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent")
        try:
            yield
        finally:
            ip("-n", self.space, "neigh", "del", address, "dev", "eth0")


class Network:
    """`with Network("web1", …) as network`: hosts by their names, and this thread, which has the first address.

    Its switch is in a namespace of its own, where this thread goes, too: a browser that sees networks come and go on
    its machine breaks off what it is loading.
    """

    def __init__(self, *names: str) -> None:
        self.run = secrets.token_hex(3)
        self._prefix = f"10.{int(self.run[:2], 16)}.{int(self.run[2:4], 16)}"
        self.bridge = f"bs{self.run}"
        self.hosts = {name: Host(name, number, self) for number, name in enumerate(names, start=10)}

    def address(self, number: int) -> str:
        return f"{self._prefix}.{number}"

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def __enter__(self) -> "Network":
        ip("netns", "add", self.bridge)
        self._outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        with open(f"/run/netns/{self.bridge}") as space:
            enter(space.fileno())
        ip("link", "set", "lo", "up")
        ip("link", "add", self.bridge, "type", "bridge")
        ip("addr", "add", f"{self.address(1)}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")
        for host in self.hosts.values():
            host.plug_in(self.bridge)
        return self

    def __exit__(self, *error: object) -> None:
        for host in self.hosts.values():
            ip("netns", "del", host.space, may_fail=True)
        enter(self._outside)
        os.close(self._outside)
        ip("netns", "del", self.bridge, may_fail=True)


def problem() -> str:
    """Why there can be none of it here; empty where there can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    if shutil.which("ip") is None and not succeeded(apt("iproute2")):
        return "there is no iproute2"
    try:
        with Network("try"):
            return ""
    except (subprocess.CalledProcessError, OSError) as error:
        return f"network namespaces are not permitted here ({error})"
