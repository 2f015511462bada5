package datasets

import (
	"encoding/json"
	"fmt"
)

// recall fills a report with the facts of the snapshot that answers it.
func (r *ExtractReport) recall(facts map[string]any) error {
	if load, is := facts[factLoad].(map[string]any); is {
		facts = load // of an increment the report is about its own lines
	}
	text, err := json.Marshal(facts)
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	if err != nil {
		return fmt.Errorf("extract: read the facts of the earlier snapshot: %w", err)
	}
	return nil
}
