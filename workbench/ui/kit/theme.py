"""Colours, fonts and sizes of Gradio's own components; the rest is kit/style.css, which uses the same variables."""

import gradio as gr

from workbench.ui.kit.fonts import SmallFont


def theme() -> gr.themes.Base:
    """Calm slate with teal, for light and dark. Gradio's bundled 600 weight is a broken subset, hence 400 and 700."""
    return gr.themes.Default(
        primary_hue="teal",
        neutral_hue="slate",
        spacing_size="sm",
        radius_size="md",
        text_size="sm",
        font=[SmallFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
        font_mono=[gr.themes.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
    ).set(
        body_background_fill="#f4f6f8",
        body_background_fill_dark="#0d131c",
        body_text_color="#17212e",
        body_text_color_dark="#e6ebf2",
        body_text_color_subdued="#4f5d70",
        body_text_color_subdued_dark="#a3b1c4",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#161e2a",
        background_fill_secondary="#f4f6f8",
        background_fill_secondary_dark="#0d131c",
        block_background_fill="#ffffff",
        block_background_fill_dark="#161e2a",
        border_color_primary="#d5dce5",
        border_color_primary_dark="#2e3a4b",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_text_color="#17212e",
        block_label_text_color_dark="#e6ebf2",
        block_title_text_color="#17212e",
        block_title_text_color_dark="#e6ebf2",
        block_title_text_weight="700",
        block_title_text_size="*text_sm",
        block_info_text_color="#4f5d70",
        block_info_text_color_dark="#a3b1c4",
        block_info_text_size="12px",
        input_background_fill="#ffffff",
        input_background_fill_dark="#0f1621",
        input_border_color="#8d9bae",
        input_border_color_dark="#56657b",
        input_border_width="1px",
        input_placeholder_color="#647386",
        input_placeholder_color_dark="#8fa0b5",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_dark="#2dd4bf",
        button_primary_background_fill_hover="#115e59",
        button_primary_background_fill_hover_dark="#5eead4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#06211e",
        button_secondary_background_fill="#e6ebf1",
        button_secondary_background_fill_dark="#263242",
        button_secondary_background_fill_hover="#d5dde7",
        button_secondary_background_fill_hover_dark="#33425a",
        button_secondary_text_color="#17212e",
        button_secondary_text_color_dark="#e6ebf2",
    )
