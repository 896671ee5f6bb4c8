"""Rules of what stands beside models: settings, suppressions, baselines."""

from __future__ import annotations

from cnnshape.rules.rule import Rule, prose, text

MODEL = text("""
    input: [3, 32, 32]
    layers:
      - {name: conv1, type: conv2d, out_channels: 16, kernel_size: 3}
""")

RULES = (
    Rule(
        "invalid-settings",
        "error",
        prose("""The project's settings (`cnnshape.toml`, or `[tool.cnnshape]` of
            `pyproject.toml`) have a key, a value or a rule that is not known, or are no TOML. The
            exit code is 2."""),
        prose("""What the settings ask of the models is not known, so none is checked: a limit that
            is misspelt would hold nothing back."""),
        "Write what the help names; [settings.md](settings.md) lists the settings.",
        MODEL,
        beside=(("cnnshape.toml", 'strict = "yes"\n'),),
    ),
    Rule(
        "unused-suppression",
        "warning",
        prose("""A comment `# cnnshape: ignore[…]` suppresses nothing, names a rule that is not
            known, or cannot be read."""),
        prose("""What it once kept quiet has gone, or was never what it says; left there, it would
            hide the next fault of that kind."""),
        "Take the comment out, or the rule that it names for nothing.",
        text("""
            input: [3, 32, 32]
            layers:
              - {type: conv2d, out_channels: 8, kernel_size: 3}  # cnnshape: ignore[size-mismatch]
        """),
    ),
    Rule(
        "growth-exceeded",
        "error",
        prose("""With `cnnshape check --baseline FILE --growth 5%`: parameters, MACs, activations or
            memory of a model have grown by more than that."""),
        "A model grows by small steps that nobody decides on.",
        prose("""Make the model smaller; or, if it is meant to be that large, write the baseline
            anew."""),
        MODEL,
        options="--baseline baseline.json --growth 5%",
        beside=(
            (
                "baseline.json",
                text("""
                    {"version": 1,
                     "models": {"net.yaml": {"findings": [], "totals": {"params": 400}}}}
                """),
            ),
        ),
    ),
    Rule(
        "finding-gone",
        "note",
        "With `cnnshape check --baseline FILE`: a finding of the baseline is found no longer.",
        "As long as the baseline holds it, the same fault may come back unnoticed.",
        "Write the baseline anew with `cnnshape baseline FILE PATH…`.",
        MODEL,
        options="--baseline baseline.json",
        beside=(
            (
                "baseline.json",
                text("""
                    {"version": 1,
                     "models": {"net.yaml": {
                       "findings": [{"rule": "limit-exceeded", "layer": null, "count": 1,
                         "message": "the model has 460 parameters, but the limit is 448"}],
                       "totals": {}}}}
                """),
            ),
        ),
    ),
)
