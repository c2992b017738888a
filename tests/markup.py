"""Finds the Nu HTML checker for the tests; run as a program, gets it where there is none."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from .packages import apt, succeeded

JAR = Path(sys.prefix) / "share" / "vnu.jar"


def complaints(files: list[Path]) -> list[str]:
    """What is wrong with some HTML files, each with its file's name."""
    command = ["java", "-jar", str(JAR), "--errors-only", "--format", "json", "--exit-zero-always", *map(str, files)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    messages = json.loads(told)["messages"]
    return [f"{Path(one['url']).name}: {one['message']} {one.get('extract', '')}" for one in messages]


def is_there() -> bool:
    return JAR.exists() and shutil.which("java") is not None


def fetch() -> bool:
    """From npm, where it is published as it is."""
    with TemporaryDirectory() as folder:
        if not succeeded([["npm", "pack", "--silent", "--pack-destination", folder, "vnu-jar"]]):
            return False
        (package,) = Path(folder).glob("*.tgz")
        with tarfile.open(package) as archive:
            jar = archive.extractfile("package/build/dist/vnu.jar")
            assert jar
            JAR.parent.mkdir(exist_ok=True)
            JAR.write_bytes(jar.read())
    return True


if __name__ == "__main__" and not is_there():
    print("No HTML checker here; getting one …", flush=True)
    if shutil.which("java") is None:
        succeeded(apt("default-jre-headless"))
    if shutil.which("npm") is None:
        succeeded(apt("npm"))
    if not (JAR.exists() or fetch()) or not is_there():
        print("None could be had; the test of the pages' HTML will say so.", file=sys.stderr)
