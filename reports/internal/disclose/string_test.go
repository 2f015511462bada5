package disclose

import "farr/reports/internal/text"

// String is the count in English, for the messages of tests alone: a page says it in its language.
func (c Count) String() string { return c.Text(text.English()) }
