"""What mkdocs does not know of our documents. Pages name each other in plain words (docs/models.md), which become links; and they
lead to files of the repository that are no part of the site, which become their paths. A page or file that is not there is
an error of a strict build."""
import logging
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
log = logging.getLogger("mkdocs.hooks.docs_site_links")
FENCE = re.compile(r"^(```|~~~|    )")
CODE_OR_LINK = re.compile(r"(`[^`]*`|!?\[[^\]]*\]\([^)]*\))")
OUTWARD = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#]*)(#[^)]*)?\)")
NAMED = re.compile(r"(?<![\w/.])docs/([\w/]+)\.md")


def outward_as_path(page: pathlib.PurePosixPath, match: re.Match) -> str:
    words, target = match[1], match[2]
    file = (REPOSITORY / "docs" / page.parent / target).resolve()
    if not file.exists():
        log.warning("%s leads to %s, which is not there", page, target)
    if file.is_relative_to(REPOSITORY / "docs"):
        return match[0]
    path = file.relative_to(REPOSITORY).as_posix()
    return f"`{path}`" if words.endswith(path.rsplit("/", 1)[-1]) else f"{words} (`{path}`)"


def named_as_link(page: pathlib.PurePosixPath, match: re.Match) -> str:
    name = match[1]
    if not (REPOSITORY / "docs" / f"{name}.md").exists():
        log.warning("%s names %s, which is not there", page, match[0])
        return match[0]
    return f"[{name}.md]({'../' * (len(page.parts) - 1)}{name}.md)"


def on_page_markdown(markdown: str, page, **_) -> str:
    where = pathlib.PurePosixPath(page.file.src_uri)
    lines, in_fence = [], False
    for line in markdown.split("\n"):
        if line.startswith("```"):
            in_fence = not in_fence
        if not in_fence and not FENCE.match(line):
            parts = CODE_OR_LINK.split(line)
            for i, part in enumerate(parts):
                if part.startswith("["):
                    parts[i] = OUTWARD.sub(lambda match: outward_as_path(where, match), part)
                elif not part.startswith(("`", "!")):
                    parts[i] = NAMED.sub(lambda match: named_as_link(where, match), part)
            line = "".join(parts)
        lines.append(line)
    return "\n".join(lines)
