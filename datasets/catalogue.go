package datasets

import "farr/datasets/internal/deid"

// ResourceTables says where the elements of one resource type are in an extract.
// It comes from the policy tables alone, so a new line there is known here.
type ResourceTables struct {
	Type     string   // FHIR resource type
	Table    string   // main table
	Subject  string   // element that names the patient; "id" for Patient, "none" for shared types
	Order    []string // date columns of the main table that put a patient's rows in order: the first that is set
	Clinical bool     // its rows, but those that are void, say how far the data reach
	Void     []string // codes of the column status of rows that are void
	Elements []Element
	Tables   []Table // main and child tables as at rest
}

// Element is one allowed element. Columns of a choice are told apart by the
// column <name>_tag, which holds the FHIR type. A list of backbone elements, of
// references or of dates is a table of its own, keyed (pid, rid, ordinal) and, when
// it lies in another such list, with parent_ordinal.
type Element struct {
	Path    string   // onsetPeriod, diagnosis[].rank, extension(URL).part
	Type    string   // FHIR type
	Targets []string // types that a Reference may name
	Action  string   // of the policy; "drop" keeps only a choice's tag
	Name    string   // the policy's column; an extension row's url
	Table   string   // "" when the line makes no column
	Columns []string
	Negates []string // codes that say that nothing was done: not-done, cancelled
}

// Catalogue is what extracts hold, in the columns of the shifted profile: the
// keyed views show the same but the seals.
func Catalogue() ([]ResourceTables, error) {
	all, _, err := CatalogueOf(string(deid.Shifted))
	return all, err
}

// CatalogueOf is what extracts of a profile hold at rest, with the hash of the policy that says so.
func CatalogueOf(profile string) (_ []ResourceTables, policyHash string, err error) {
	policy, err := deid.LoadPolicy()
	if err != nil {
		return nil, "", err
	}
	plan, err := deid.Compile(policy, deid.Profile(profile))
	if err != nil {
		return nil, "", err
	}
	var all []ResourceTables
	for _, t := range plan.Elements() {
		one := ResourceTables{Type: t.Type, Table: t.Table, Subject: t.Owner, Order: t.Order, Clinical: t.Clinical, Void: t.Void}
		for _, e := range t.Elements {
			one.Elements = append(one.Elements, Element{e.Path, e.Type, e.Targets, e.Action, e.Column, e.Table, e.Columns, e.Negates})
		}
		for _, table := range t.Tables {
			at := Table{Name: table.Name}
			for _, c := range table.Columns {
				at.Columns = append(at.Columns, Column{Name: c.Name, Type: Type(c.Type)})
			}
			one.Tables = append(one.Tables, at)
		}
		all = append(all, one)
	}
	return all, policy.Hash(), nil
}

// NegatingProfiles says of a profile, by its URL, whether it is about something not done: an extract's column negated is true of a
// resource that declares it.
func NegatingProfiles() (func(url string) bool, error) {
	policy, err := deid.LoadPolicy()
	if err != nil {
		return nil, err
	}
	return policy.Negates, nil
}
