"""Feedback as HTML that is safe to open: what a student wrote stays text and formatting."""

from __future__ import annotations

import html
import re

from nbconvert.filters import markdown2html
from nbconvert.preprocessors.sanitize import SanitizeHTML

# No images: they would be fetched from wherever the student wants.
TAGS = [
    "a", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
]  # fmt: skip
ATTRIBUTES = {"a": ["href", "title"], "h1": ["id"], "h2": ["id"], "h3": ["id"], "h4": ["id"]}
# MathJax commands that make links, run scripts or load extensions.
MATHJAX = re.compile(
    r"(?<!\\)\\+(href|require|class|cssId|style|html\w*|data|unicode|Tooltip|toggle|csname)(?![A-Za-z])"
)
MAX_MARKDOWN = 20_000  # characters; sanitizing takes the square of it
ENTITY = re.compile(r"&#?\w+;?")


def clean_markdown(source: str) -> str:
    """Render Markdown and keep only harmless tags, attributes and addresses of it.

    This replaces nbconvert's filter of the same purpose in feedback and in hand grading, where
    raw HTML in an answer would otherwise run in the reader's browser.
    """
    cleaner = SanitizeHTML(tags=TAGS, attributes=ATTRIBUTES)
    try:  # a pasted picture is not kept: nbconvert would look for it and give up
        formatted = len(source) <= MAX_MARKDOWN
        rendered = markdown2html(source.replace("attachment:", "attachment ")) if formatted else ""
    except Exception:  # a student's text must not cost the page, whatever a renderer thinks of it
        formatted = False
    if not formatted:
        rendered = f"<pre>{html.escape(source)}</pre>"
    clean: str = cleaner.sanitize_html_tags(rendered)
    # As late as this: MathJax reads the page, where &#104;ref is href.
    spelled_out = ENTITY.sub(lambda match: html.escape(html.unescape(match[0])), clean)
    return MATHJAX.sub(r"\1", spelled_out)
