"""The same Containerfile with podman, which has neither a daemon nor BuildKit."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from tests.containers.compose import PATIENCE, Compose, docker
from tests.containers.test_image import LARGEST, MEGABYTE

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman (Debian: podman, buildah, runc)"),
]

NAME: Final = "callctl-by-podman"
BASE: Final = "python:3.13-slim-trixie"
# Whoever runs this may be in a container himself: no limits above his own, no control groups while it is built, and a
# runtime that takes those of both versions together, which crun does not.
RUNTIME: Final = ("--runtime=runc",) if shutil.which("runc") else ()
HARDENED: Final = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none",
                   "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")  # fmt: skip


def podman(*arguments: str) -> str:
    command = ["podman", *RUNTIME, *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}  # it reads Docker's too
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def image(built: Compose) -> Iterator[str]:
    """Built over the base that Docker has, so that both are of the same."""
    with subprocess.Popen(["docker", "save", BASE], stdout=subprocess.PIPE) as saved:
        subprocess.run(["podman", "load", "--quiet"], stdin=saved.stdout, capture_output=True, check=True)
    folder = str(built.folder)
    # `docker` is the format that keeps a HEALTHCHECK.
    podman("build", "--isolation=chroot", "--format=docker", f"--file={folder}/Containerfile", f"--tag={NAME}", folder)
    yield NAME
    podman("image", "rm", "--force", NAME)


def test_it_is_no_larger_and_runs_as_nobody_special_too(image: str) -> None:
    size = int(podman("image", "inspect", "--format={{.Size}}", image)) / MEGABYTE
    print(f"\n{size:.0f} MB by podman")
    assert size < LARGEST
    assert podman("run", "--rm", *HARDENED, "--entrypoint=id", image, "-u").strip() == "10001"
    version = docker("run", "--rm", "callctl", "version").stdout
    assert podman("run", "--rm", *HARDENED, image, "version").split() == version.split()
