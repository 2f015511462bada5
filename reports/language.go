package reports

import (
	"fmt"
	"os"

	"farr/reports/internal/text"
)

// LanguageTemplate is the file of all texts in English, from which a translation begins.
func LanguageTemplate() []byte { return text.Catalogue }

// CheckLanguage finds the mistakes in a language file: all at once, each with its line and column.
func CheckLanguage(path string) error {
	_, err := languageOf(path)
	return err
}

// languageOf reads a language file; English without one. Every mistake in the file is in the error, with its line and
// column.
func languageOf(path string) (*text.Words, error) {
	if path == "" {
		return text.English(), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read language: %w", err)
	}
	return text.Read(path, data)
}
