"""The page itself: a song goes in, the chosen models answer. Loopback only; nothing is sent anywhere."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from components.core.errors import GenreError
from components.page import listening, markup

if TYPE_CHECKING:
    import gradio

HERE = Path(__file__).parent
#: Seconds after which uploaded songs are deleted, and how often that is looked after.
FORGET = (600, 3600)
WELCOME = """<h1>What does it sound like?</h1>
<p>Drop in a song or record one: WAV, FLAC, MP3, OGG, AIFF or AU, one second to twenty minutes. It stays on this
machine.</p>"""


def build(panel: listening.Panel) -> gradio.Blocks:
    """Put the page together.

    Parameters
    ----------
    panel : Panel
        The models that can be asked.

    Returns
    -------
    gradio.Blocks
        Not launched.
    """
    # Before the import: Gradio asks a server for its newest version otherwise.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    choices = {choice.label: choice for choice in panel.choices()}

    def listen(
        song: str | None,
        labels: list[str],
        progress: gradio.Progress = gradio.Progress(),  # noqa: B008
    ) -> str:
        if not song:
            return ""
        # In the order of the buttons, not of the clicks: the champion, where chosen, gives the verdict.
        chosen = [choice for label, choice in choices.items() if label in labels]
        try:
            heard = panel.hear(song, chosen, tell=lambda share, what: progress(share, desc=what))
        except GenreError as error:
            return markup.problem(str(error))
        return markup.result(heard)

    with gradio.Blocks(title="Genre", analytics_enabled=False, delete_cache=FORGET) as page:
        gradio.HTML(WELCOME, elem_classes="g-top")
        song = gradio.Audio(
            sources=["upload", "microphone"],
            type="filepath",
            label="Song",
            elem_id="song",
            editable=False,
            buttons=[],
        )
        models = gradio.CheckboxGroup(
            list(choices), value=[next(iter(choices))], label="Models to ask (★ champion)", elem_id="models"
        )
        answer = gradio.HTML(elem_id="answer")
        # One song at a time: two at once would take turns on the same processors.
        gradio.on(
            [song.change, models.change],
            listen,
            inputs=[song, models],
            outputs=answer,
            trigger_mode="always_last",
            concurrency_limit=1,
            api_visibility="private",
        )
    return page


def theme() -> gradio.themes.Base:
    """Dress Gradio's own parts in the report's colours and in fonts that the machine has.

    Returns
    -------
    gradio.themes.Base
        Loads nothing from elsewhere.
    """
    import gradio

    sans = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "sans-serif")
    mono = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace")
    colours = {
        "body_background_fill": ("#faf9f6", "#131418"),
        "body_text_color": ("#1d1b18", "#ecebe7"),
        "body_text_color_subdued": ("#6d675e", "#9d9fa9"),
        "background_fill_primary": ("#ffffff", "#1b1d23"),
        "background_fill_secondary": ("#f3f0ea", "#22252c"),
        "block_background_fill": ("#ffffff", "#1b1d23"),
        "block_border_color": ("#e5e1d8", "#31343d"),
        "border_color_primary": ("#e5e1d8", "#31343d"),
        "block_label_text_color": ("#6d675e", "#9d9fa9"),
        "block_label_background_fill": ("#ffffff", "#1b1d23"),
        "block_title_text_color": ("#1d1b18", "#ecebe7"),
        "color_accent": ("#2b5cb8", "#8fb5ff"),
        "checkbox_background_color_selected": ("#2b5cb8", "#2b5cb8"),
        "checkbox_border_color_selected": ("#2b5cb8", "#2b5cb8"),
        "checkbox_label_background_fill": ("#f3f0ea", "#22252c"),
        "checkbox_label_background_fill_selected": ("#e6edfa", "#25324a"),
        "checkbox_label_text_color_selected": ("#1d1b18", "#ecebe7"),
    }
    settings = {key: light for key, (light, _) in colours.items()}
    settings |= {f"{key}_dark": dark for key, (_, dark) in colours.items() if key != "color_accent"}
    return gradio.themes.Base(
        font=[gradio.themes.Font(name) for name in sans],
        font_mono=[gradio.themes.Font(name) for name in mono],
        radius_size=gradio.themes.sizes.radius_lg,
    ).set(block_border_width="1px", block_shadow="none", block_shadow_dark="none", **settings)


def launch(page: gradio.Blocks, *, port: int, wait: bool = True) -> str:
    """Serve the page on 127.0.0.1.

    Parameters
    ----------
    page : gradio.Blocks
        From :func:`build`.
    port : int
        To listen on; 0 for one that is free.
    wait : bool
        Whether to serve until interrupted.

    Returns
    -------
    str
        Its address.

    Raises
    ------
    GenreError
        If the port is taken.
    """
    if port == 0:
        import socket

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    try:
        _, address, _ = page.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,
            inbrowser=False,
            quiet=True,
            prevent_thread_lock=True,
            show_error=False,
            max_file_size=listening.LARGEST,
            footer_links=[],
            ssr_mode=False,
            enable_monitoring=False,
            mcp_server=False,
            theme=theme(),
            css_paths=[HERE / "style.css"],
            js=(HERE / "player.js").read_text(encoding="utf-8"),
        )
    except OSError as error:
        raise GenreError(f"port {port} is taken; valid: another --port, or 0 for a free one") from error
    if wait:
        print(f"Page: {address} (Ctrl-C stops it)", flush=True)
        page.block_thread()
    return str(address)


def serve(*, port: int) -> None:
    """Serve the page of this workspace until interrupted.

    Parameters
    ----------
    port : int
        On 127.0.0.1.

    Raises
    ------
    GenreError
        If nothing was trained here, or the port is taken.
    """
    from components.config import params
    from components.core.console import quiet
    from components.serving import load

    # Each model is traced anew for each length of song; TensorFlow warns of that where it costs a training.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet() as stderr:
        panel = listening.Panel(load.store(), params.load())
        page = build(panel)
        first = panel.choices()[0]
        print(f"loading {first.name}", file=stderr, flush=True)
        panel.load(first)
    launch(page, port=port)
