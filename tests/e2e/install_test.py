#!/usr/bin/env python3
"""A project outside this repository finds an installed Tamis, by CMake and by pkg-config, with one name each.

    install_test.py BUILD_FOLDER REPOSITORY
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def run(*command, **options) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if ran.returncode != 0:
        sys.exit(f"install_test: {' '.join(map(str, command))}: {ran.returncode}\n{ran.stdout[-3000:]}{ran.stderr[-3000:]}")
    return ran.stdout


def expect_list(text: str, how: str) -> None:
    if "for ada: " not in text:
        sys.exit(f"install_test: the program built by {how} printed no list:\n{text}")


def main() -> None:
    build, repository = (pathlib.Path(one).resolve() for one in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        prefix, project = here / "moved prefix", here / "project"
        run("cmake", "--install", build, "--prefix", here / "prefix", "--component", "library")
        (here / "prefix").rename(prefix)  # nothing that is installed names its place
        project.mkdir()
        shutil.copy(repository / "docs/examples/installed/CMakeLists.txt", project)
        shutil.copy(repository / "docs/examples/embedded/main.cc", project / "shop.cc")
        shutil.copy(repository / "tests/client/example.cc", project / "remote.cc")

        run("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", project / "build", "-j2")
        expect_list(run(project / "build/shop", here / "by-cmake"), "CMake")

        environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
        compiler = os.environ.get("CXX", "g++")
        for source, package in (("shop.cc", "tamis"), ("remote.cc", "tamis-client")):
            run("sh", "-c", f"eval {compiler} -std=c++20 -o {source}.out {source} $(pkg-config --cflags --libs {package})",
                cwd=project, env=environment)
        expect_list(run(project / "shop.cc.out", here / "by-pkg-config"), "pkg-config")
        sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in sorted((prefix / "lib").glob("*.a")))
        headers = len(list((prefix / "include").rglob("*.h")))
        print(f"install_test: found by CMake and by pkg-config; {sizes}, {headers} headers")


main()
