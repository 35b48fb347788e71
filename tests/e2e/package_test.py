#!/usr/bin/env python3
"""The Debian package in an empty root: it is made, unpacked with its libraries alone, and serves from there as its own user.

    package_test.py BUILD_FOLDER REPOSITORY   (77: no right to change the root; 1 then, where TAMIS_REQUIRE_ALL is set)
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tamis_server import Connection, free_port

SKIPPED = 77
USER = "10001"
LARGEST_ROOT_BYTES = 80_000_000
LARGEST_PACKAGE_BYTES = 6_000_000
EVENTS = "user,item,type\n" + "".join(f"u{u},i{(u * 7 + j * (u % 5 + 1)) % 40},purchase\n" for u in range(50) for j in range(10))


def fail(message: str):
    sys.exit(f"package_test: {message}")


def run(*command, **options) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if ran.returncode != 0:
        fail(f"{' '.join(map(str, command))}: {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout


def confined(root: pathlib.Path) -> list[str]:
    """The beginning of a command that runs in `root` with nothing of this machine but the network."""
    proc = f"--mount-proc={root}/proc"
    if os.geteuid() == 0:
        return ["unshare", "--pid", "--fork", "--kill-child", proc, "chroot", f"--userspec={USER}:{USER}", str(root)]
    return ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", proc, "chroot", str(root)]


def check_contents(package: pathlib.Path) -> None:
    files = {line.split()[-1].removeprefix(".") for line in run("dpkg-deb", "--contents", package).splitlines()}
    for file in ("/usr/bin/tamis", "/etc/tamis/tamis.toml", "/lib/systemd/system/tamis.service", "/usr/share/man/man1/tamis.1.gz",
                 "/usr/share/bash-completion/completions/tamis", "/usr/share/zsh/vendor-completions/_tamis",
                 "/usr/share/fish/vendor_completions.d/tamis.fish", "/usr/share/doc/tamis/copyright"):
        if file not in files:
            fail(f"the package lacks {file}")
    depends = run("dpkg-deb", "--field", package, "Depends")
    for library in ("libc6", "librocksdb", "libopenblas0", "libssl3", "adduser"):
        if library not in depends:
            fail(f"the package does not depend on {library}: {depends}")
    with tempfile.TemporaryDirectory() as control:
        run("dpkg-deb", "--control", package, control)
        if (pathlib.Path(control) / "conffiles").read_text().split() != ["/etc/tamis/tamis.toml"]:
            fail("the configuration is not marked as such")
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", pathlib.Path(control) / script)


def serve_and_ask(root: pathlib.Path) -> str:
    port = free_port()
    inside = confined(root) + ["/usr/bin/tamis"]
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    environment = {**path, "TAMIS_URL": f"http://127.0.0.1:{port}"}
    (root / "tmp" / "events.csv").write_text(EVENTS)
    # As the unit starts it.
    unit = (root / "unit").read_text()
    words = re.search(r"^ExecStart=/usr/bin/tamis (.*)$", unit, re.MULTILINE)[1].split()
    server = subprocess.Popen(inside + words + ["--port", str(port)], env=path, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(300):
            if subprocess.run(inside + ["health", "--ready"], env=environment, capture_output=True).returncode == 0:
                break
            if server.poll() is not None:
                fail("the server ended: " + server.stderr.read()[-2000:])
            time.sleep(0.1)
        run(*inside, "import", "interactions", "/tmp/events.csv", "--quiet", env=environment)
        run(*inside, "train", "--model", "item_knn", "--model", "popular", env=environment)
        answer = run(*inside, "recommend", "u1", "--format", "json", env=environment)
        connection = Connection(port)
        if len(connection.call("GET", "/v1/users/u1/recommendations?k=5")["items"]) != 5:
            fail("no list of five")
        connection.close()
        return answer
    finally:
        # `unshare` waits for the server, whose end takes the process namespace with it.
        children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children")
        if server.poll() is None:
            os.kill(int(children.read_text().split()[0]), signal.SIGTERM)
            server.wait(30)


def main() -> None:
    build, repository = (pathlib.Path(one).resolve() for one in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        here.chmod(0o755)
        root = here / "root"
        package = pathlib.Path(run(repository / "scripts/package", build, here / "out").strip())
        check_contents(package)
        run(repository / "scripts/bare_root", package, root)
        size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file() and not file.is_symlink())
        for what, bytes_, largest in (("package", package.stat().st_size, LARGEST_PACKAGE_BYTES), ("root", size, LARGEST_ROOT_BYTES)):
            if bytes_ > largest:
                fail(f"the {what} has {bytes_} bytes, more than {largest}")
        probe = subprocess.run(confined(root) + ["/usr/bin/tamis", "version"], capture_output=True, text=True)
        if probe.returncode != 0 and re.search("unshare|chroot", probe.stderr):
            print(f"package_test: a root cannot be changed here: {probe.stderr.strip()}")
            sys.exit(1 if os.environ.get("TAMIS_REQUIRE_ALL") else SKIPPED)
        shutil.copy(repository / "deploy/systemd/tamis.service", root / "unit")
        answer = serve_and_ask(root)
        if '"recommendation_id"' not in answer and '"items"' not in answer:
            fail(f"no list: {answer}")
        print(f"package_test: {package.name} {package.stat().st_size / 1e6:.1f} MB, the root {size / 1e6:.1f} MB")


main()
