package page

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"farr/datasets"
)

// Policy is a privacy policy under one profile, as a page to be signed.
type Policy struct {
	Profile, Words string
	Hash, Version  string
	Types          []datasets.PolicyType
}

// policyView is the page, with what is counted.
type policyView struct {
	Policy
	Effects []effectCount
	Style   template.CSS
	CSP     template.HTML
}

type effectCount struct {
	Name  string
	Count int
}

// policyStyle is what this page has beside the style of all.
const policyStyle = `.sign .blank{border-bottom:1px solid #1d2b3a;min-height:34px}.types{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:4px 14px}` +
	`.dropped{padding:12px 16px;margin:0;border-top:1px solid #d9e0e6;color:#5b6b7b;font-size:14px}tr.seals b{color:#5b3a8a}tr.changes b{color:#00629a}tr.drops b{color:#a84300}` +
	`@media print{.types,.skip{display:none}h2{break-after:avoid}tr{break-inside:avoid}th,td{padding:3px 6px;font-size:8.5pt}.scroll{overflow:visible}}`

// RenderPolicy gives the page: no script, no request, and printed on A4 with the hash on each sheet.
func RenderPolicy(p Policy) ([]byte, error) {
	counts := map[string]int{}
	for _, t := range p.Types {
		for _, l := range t.Lines {
			counts[l.Effect]++
		}
	}
	v := policyView{Policy: p}
	for _, name := range datasets.Effects {
		v.Effects = append(v.Effects, effectCount{name, counts[name]})
	}
	foot := "@page{size:A4 landscape;margin:14mm 14mm 18mm;@bottom-left{content:" + cssString("farr "+p.Version+" · profile "+p.Profile+" · tables "+p.Hash) +
		";font:7pt Arial,sans-serif;color:#5b6b7b;white-space:nowrap}" + `@bottom-right{content:"page " counter(page) " of " counter(pages);font:7pt Arial,sans-serif;color:#5b6b7b}}`
	v.Style = template.CSS(styleSheet + policyStyle + foot)
	v.CSP = policy(string(v.Style), "")
	t, err := template.New("").Funcs(template.FuncMap{"short": short, "join": func(list []string) string { return strings.Join(list, ", ") }}).
		ParseFS(files, "policy.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "policy", v); err != nil {
		return nil, fmt.Errorf("page of the policy: %w", err)
	}
	return b.Bytes(), nil
}
