"""The child process that turns Markdown into safe HTML: `python -I card_renderer.py <max output bytes>`, text on stdin.

Hostile Markdown can take seconds to minutes, and no parser offers a deadline; the kernel's limits do. Run as a program
this file imports nothing of the portal. HTML in the source is shown as text, and what the renderer
makes of the rest passes an allow-list, so that a hole in one of the two does not open the page.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

CPU_SECONDS = 2
MEMORY_BYTES = 512 * 1024**2
EXIT_TOO_COMPLEX = 3
_LOWEST_HEADING = 6
_ALIGNMENTS = {"text-align:left": "align-start", "text-align:center": "align-center", "text-align:right": "align-end"}
_INLINE = frozenset({"a", "br", "code", "del", "em", "s", "strong"})
_BLOCKS = frozenset({"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"})
_REACHABLE = {tag: {"tabindex": "0"} for tag in ("pre", "table")}  # they scroll sideways, by keyboard too
_TABLE = frozenset({"table", "tbody", "td", "th", "thead", "tr"})


def to_safe_html(text: str) -> str:
    """HTML for Markdown, with headings one level down (the page itself has the `h1`) and images as links.

    A cell's alignment becomes a class, since the pages' policy forbids style attributes.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.add_render_rule("image", _image_as_link)
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + 1, _LOWEST_HEADING)}"
        elif token.type in {"td_open", "th_open"}:
            _align(token)
    return nh3.clean(
        markdown.renderer.render(tokens, markdown.options, {}),
        tags=set(_INLINE | _BLOCKS | _TABLE),
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        set_tag_attribute_values=_REACHABLE,
        allowed_classes={cell: set(_ALIGNMENTS.values()) for cell in ("td", "th")},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
    )


def _align(token: Token) -> None:
    style = token.attrs.pop("style", "")
    if style in _ALIGNMENTS:
        token.attrSet("class", _ALIGNMENTS[str(style)])


def _image_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """The alternative text, linked where the image lies elsewhere: pages load nothing from other hosts."""
    token = tokens[index]
    source = str(token.attrGet("src") or "")
    alternative = renderer.renderInlineAsText(token.children, options, env) or source
    if not source.startswith(("https://", "http://")):
        return escapeHtml(alternative)
    return f'<a href="{escapeHtml(source)}">{escapeHtml(alternative)}</a>'


def main() -> int:
    """Render stdin to stdout under limits of CPU time and memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        html = to_safe_html(sys.stdin.buffer.read().decode()).encode()
    except (MemoryError, RecursionError):
        return EXIT_TOO_COMPLEX
    if len(html) > int(sys.argv[1]):
        return EXIT_TOO_COMPLEX
    sys.stdout.buffer.write(html)
    return 0


if __name__ == "__main__":
    sys.exit(main())
