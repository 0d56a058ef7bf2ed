"""Documents -> what people want of them: names, dates, tables, speech, phrases, translations."""
