#!/usr/bin/env python3
"""Completion and the manual page have every command that --help shows. Shells that are not installed are passed over.

    completion_test.py BINARY
"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = ""


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commands() -> list[str]:
    return re.findall(r"^  ([a-z][a-z-]*) ", run(BINARY, "--help").split("Subcommands:")[1], re.MULTILINE)


class Completion(unittest.TestCase):
    def script(self, shell: str) -> str:
        file = tempfile.NamedTemporaryFile("w", suffix="." + shell)
        self.addCleanup(file.close)
        file.write(run(BINARY, "completion", shell))
        file.flush()
        return file.name

    def test_all_have_every_command(self):
        self.assertGreater(len(commands()), 20)
        texts = {"manual": run(BINARY, "manual").replace("\\-", "-")}
        texts.update({shell: run(BINARY, "completion", shell) for shell in ("bash", "zsh", "fish")})
        for name, text in texts.items():
            for command in commands():
                self.assertRegex(text, rf"(?m)(^|[ |'(]){command}([ |:)']|$)", f"{name} lacks {command}")
            self.assertNotIn("train-worker", text, name)
            self.assertIn("no-wait", text, name)

    def test_bash_completes(self):
        script = self.script("bash")

        def completed(*words: str) -> list[str]:
            line = " ".join(f"'{word}'" for word in words)
            return run("bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _tamis; "
                       'echo "${COMPREPLY[@]}"').split()
        self.assertEqual(completed("tamis", "im"), ["import"])
        self.assertEqual(completed("tamis", "train", "--no"), ["--no-wait"])
        self.assertEqual(completed("tamis", "--ver"), ["--version"])
        self.assertEqual(completed("tamis", "import", "fi"), [])  # a file

    def test_fish_completes(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        source = "source " + self.script("fish")
        self.assertIn("import\t", run("fish", "-c", source + "; complete -C 'tamis im'"))
        self.assertIn("--no-wait\t", run("fish", "-c", source + "; complete -C 'tamis train --no'"))

    def test_zsh_takes_it(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        loaded = run("zsh", "-f", "-c", f"autoload -U compinit; compinit -D; source {self.script('zsh')}; echo $_comps[tamis]")
        self.assertEqual(loaded.strip(), "_tamis")

    def test_the_manual_page_is_well_formed(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        made = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=run(BINARY, "manual"), capture_output=True, text=True)
        self.assertEqual((made.returncode, made.stderr), (0, ""))


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main()
