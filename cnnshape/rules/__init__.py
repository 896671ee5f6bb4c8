"""Every rule: what is reported, why, and what to do about it. Data only.

A new rule is one entry in the file of its group; documentation, `cnnshape rules` and the reports
have it from here.
"""

from __future__ import annotations

from cnnshape.rules import design, execution, file, project, python, shapes, stated
from cnnshape.rules.rule import Rule

GROUPS: dict[str, tuple[Rule, ...]] = {
    "Shapes": shapes.RULES,
    "What you stated": stated.RULES,
    "Designs that fit and are still wrong": design.RULES,
    "When it is run": execution.RULES,
    "The file": file.RULES,
    "PyTorch source": python.RULES,
    "The project": project.RULES,
}
"""Title → rules, in the order of the documentation."""

RULES: dict[str, Rule] = {rule.name: rule for group in GROUPS.values() for rule in group}
"""Name → rule."""
