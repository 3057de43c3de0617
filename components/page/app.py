"""The page in Gradio: song and models in, predictions out. Loopback only; nothing is sent anywhere."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from components.core import palette, ports
from components.core.errors import GenreError
from components.page import markup, models

if TYPE_CHECKING:
    import gradio

HERE = Path(__file__).parent
#: Seconds between two clean-ups, and the age at which an uploaded song is deleted.
FORGET = (600, 3600)
WELCOME = f"""<h1>What does it sound like?</h1>
<p>Drop in a song or record one: WAV, FLAC, MP3, M4A, OGG and others, up to {models.LONGEST / 60:.0f} minutes and
{models.LARGEST / 1e6:.0f} MB. It stays on this machine.</p>"""


def build(available: models.Models) -> gradio.Blocks:
    """Build the page of these models; it is not launched."""
    # Before the import: Gradio looks up its newest version on a server otherwise.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio

    choices = {choice.label: choice for choice in available.choices()}

    def predict(
        song: str | None,
        labels: list[str],
        progress: gradio.Progress = gradio.Progress(),  # noqa: B008
    ) -> str:
        if not song:
            return ""
        # In the order of the buttons, not of the clicks: the champion, where chosen, is the headline.
        chosen = [choice for label, choice in choices.items() if label in labels]
        try:
            found = available.predict(song, chosen, report=lambda share, doing: progress(share, desc=doing))
        except GenreError as error:
            return markup.problem(str(error))
        return markup.result(found)

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
        chosen = gradio.CheckboxGroup(
            list(choices), value=[next(iter(choices))], label="Models (★ champion)", elem_id="models"
        )
        # One song at a time: two at once would take turns on the same processors.
        gradio.on(
            [song.change, chosen.change],
            predict,
            inputs=[song, chosen],
            outputs=gradio.HTML(elem_id="result"),
            trigger_mode="always_last",
            concurrency_limit=1,
            api_visibility="private",
        )
    return page


def theme() -> gradio.themes.Base:
    """Return a theme with the machine's own fonts, which loads nothing from elsewhere; colours are in ``style.css``."""
    import gradio

    return gradio.themes.Base(
        font=[gradio.themes.Font("system-ui"), gradio.themes.Font("sans-serif")],
        font_mono=[gradio.themes.Font("ui-monospace"), gradio.themes.Font("monospace")],
        radius_size=gradio.themes.sizes.radius_lg,
    ).set(body_background_fill=palette.LIGHT["paper"], body_background_fill_dark=palette.COLOURS["paper"][1])


def launch(page: gradio.Blocks, *, port: int, wait: bool = True) -> str:
    """Serve the page on 127.0.0.1 and return its address.

    Parameters
    ----------
    page : gradio.Blocks
        From :func:`build`.
    port : int
        0 for one that is free.
    wait : bool
        Whether to serve until interrupted.

    Raises
    ------
    GenreError
        If the port is taken.
    """
    colours = f".gradio-container {{ {palette.css()} }}"
    colours += f".dark .gradio-container, .gradio-container.dark {{ {palette.css(dark=True)} }}"
    try:
        _, address, _ = page.launch(
            server_name="127.0.0.1",
            server_port=port or None,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            max_file_size=models.LARGEST,
            footer_links=[],
            ssr_mode=False,
            mcp_server=False,
            theme=theme(),
            css=colours,
            css_paths=[HERE / "style.css"],
            js=(HERE / "player.js").read_text(encoding="utf-8"),
        )
    except OSError as error:
        # Taken since it was looked for.
        raise GenreError(f"port {port} is taken; valid: another --port, or 0 for a free one") from error
    if wait:
        print(f"Page: {address} (Ctrl-C stops it)", flush=True)
        page.block_thread()
    return str(address)


def serve(*, port: int) -> None:
    """Serve the page of this workspace on 127.0.0.1 until interrupted.

    Raises
    ------
    GenreError
        If nothing was trained here, or the port is taken.
    """
    from components.config import params
    from components.core.console import quiet
    from components.serving import load

    port = ports.free(port)
    # Each model is traced anew for each length of song; TensorFlow warns of that where it costs a training.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet() as stderr:
        available = models.Models(load.store(), params.load())
        page = build(available)
        first = available.choices()[0]
        print(f"loading {first.name}", file=stderr, flush=True)
        available.load(first)
    launch(page, port=port)
