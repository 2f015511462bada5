package datasets

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"

	"farr/datasets/fhir"
	"farr/internal/source"
)

// readSites reads the operator's labels of organizations and locations: CSV with
// the heading id,label. It gives them by FHIR id, and the file as an input.
func readSites(path string) (map[string]string, *Input, error) {
	if path == "" {
		return nil, nil, nil
	}
	text, err := source.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read sites: %w", err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = 2
	labels := map[string]string{}
	for row := 1; ; row++ {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read sites: %w", err)
		}
		line, _ := r.FieldPos(0)
		switch id, label := fields[0], fields[1]; {
		case row == 1 && (id != "id" || label != "label"):
			return nil, nil, fmt.Errorf("read sites: %s:1: the heading must be id,label", path)
		case row == 1:
		case !fhir.ValidID([]byte(id)):
			return nil, nil, fmt.Errorf("read sites: %s:%d: the first field is no FHIR id", path, line)
		case label == "" || len(label) > 100:
			return nil, nil, fmt.Errorf("read sites: %s:%d: a label has 1 to 100 bytes", path, line)
		case labels[id] != "":
			return nil, nil, fmt.Errorf("read sites: %s:%d: the id is there twice", path, line)
		default:
			labels[id] = label
		}
	}
	return labels, &Input{Kind: "sites", ID: hexSHA256(text), Bytes: int64(len(text))}, nil
}
