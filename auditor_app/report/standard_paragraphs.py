"""Standard paragraphs: fixed wording about the kind of engagement, exempt from the wording guard.

They follow the sense of ISRS 4400 (Revised) and AT-C 215 without quoting them; the engagement names the standard.
"""

NATURE = (
    "In an agreed-upon procedures engagement the procedures listed in this report are performed as agreed with the "
    "engaging party, and the findings are reported. Findings are the factual results of the procedures performed. "
    "No representation is made regarding the appropriateness of the procedures."
)
NO_ASSURANCE = (
    "An agreed-upon procedures engagement is not an assurance engagement. Accordingly, no opinion and no assurance "
    "conclusion is expressed. Had additional procedures been performed, other matters might have come to attention "
    "that would have been reported."
)
SUMMARY_NOTICE = "This summary does not replace the report. It must be read together with all sections and appendices."
