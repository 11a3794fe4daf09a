"""Fixed wording that every report carries whatever the standard; what a standard asks for stands in its template."""

SUMMARY_NOTICE = "This summary does not replace the report. It must be read together with all sections and appendices."
