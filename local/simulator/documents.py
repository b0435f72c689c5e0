"""Outputs that are text. The HTML and the SVG carry a script, so that a test can see that nobody runs it."""

from html import escape

SCRIPT = "<script>document.title = 'the script ran'</script>"


def document(kind: str, prompt: str) -> str:
    match kind:
        case "html":
            return f"<!doctype html>\n<title>{escape(prompt)}</title>\n<h1>{escape(prompt)}</h1>\n{SCRIPT}\n"
        case "svg":
            return (
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 80">'
                f'<rect width="320" height="80" fill="#264653"/><text x="20" y="48" fill="#fff">{escape(prompt)}</text>'
                f"{SCRIPT}</svg>\n"
            )
        case _:
            return f"{prompt}\n"
