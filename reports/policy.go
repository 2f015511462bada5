package reports

import (
	"farr/datasets"
	"farr/reports/internal/page"
)

// PolicyPage is the page on which a privacy officer reads and signs what a profile does with every element.
// It is one HTML file that needs nothing else. Version is that of the program.
func PolicyPage(p *datasets.Policy, profile, version string) ([]byte, error) {
	types, err := p.Describe(profile)
	if err != nil {
		return nil, err
	}
	return page.RenderPolicy(page.Policy{Profile: profile, Words: string(profileWords[profile]), Hash: p.Hash(), Version: version, Types: types})
}
