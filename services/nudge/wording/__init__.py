"""The words of nudges and pages: a folder for each language, with `common.toml` and a template for each kind.

A kind's words in a language are one Jinja2 template, `LANGUAGE/KIND.jinja`, of these macros, each plain text:

    what_plain, what_warm, what_reason   what is asked, in a sentence or two, once for each shared.events.Wording
    why_this                             why this
    why_now                              why now, and how long the ask stands
    takes                                how long it takes
    opening                              the first line that is suggested

They know the fields of `services.nudge.words.About`, `reason` (the strongest reason why this person, a sentence),
`because` (the name of what that rests on, or `nothing`), and `say(KEY, …)`, which gives a sentence of `common.toml`.
`waited`, `stands` and `starts` are written out already, in the reader's zone and language.

`common.toml` holds the sentences of pages, answers and evidence, each a template too. There and in the macros,
`plural(n, one="thread", other="threads")` chooses by the language's own rule. A new language is a folder with the
same files, and its data kept in the Dockerfile; tests/test_nudge_words.py holds it to be complete.
"""
