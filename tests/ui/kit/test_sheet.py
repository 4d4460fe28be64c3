"""The page's style sheet has the rules that Gradio's client would have made of it."""

import re

from workbench.ui.kit.sheet import WITHIN, scoped, sheet


def test_a_rule_stands_there_as_it_is_and_within_the_container() -> None:
    assert scoped("/* why */ .a, #b > i { color: red }") == (
        f".a, #b > i{{color: red}}{WITHIN} .a,{WITHIN} #b > i{{color: red}}"
    )


def test_a_rule_of_the_dark_asks_for_it_outside_the_container() -> None:
    assert scoped(".dark .a { color: red }").endswith(f"}}.dark {WITHIN} .a{{color: red}}")


def test_rules_for_a_width_stand_within_the_container_alone() -> None:
    assert scoped("@media (max-width: 9px) { .a { color: red } .b { margin: 0 } }") == (
        f"@media (max-width: 9px){{{WITHIN} .a{{color: red}}{WITHIN} .b{{margin: 0}}}}"
    )


def test_movements_are_no_rules() -> None:
    assert scoped("@keyframes turn { to { rotate: 1turn } }") == "@keyframes turn{to { rotate: 1turn }}"


def test_the_page_has_no_rule_of_another_kind() -> None:
    assert set(re.findall(r"@[\w-]+", sheet())) <= {"@media", "@keyframes"}
