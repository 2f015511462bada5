package page

import (
	"html/template"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/control"
)

// causeMarks are the shapes of causes, in drawings and legends.
var causeMarks = map[control.Variation]chart.Cause{control.Common: chart.CommonCause, control.Improving: chart.Improving,
	control.Concerning: chart.Concerning, control.High: chart.Unjudged, control.Low: chart.Unjudged, control.TooFew: chart.CommonCause}

// variationWords say what a cause is.
var variationWords = map[control.Variation]string{control.Improving: "special cause, improving", control.Concerning: "special cause, concerning",
	control.High: "special cause, higher", control.Low: "special cause, lower", control.Common: "common cause", control.TooFew: "too few points"}

// sign is an icon with its words.
type sign struct {
	Icon       template.HTML
	Word, More string
	Code       string // in data files
}

// variationSign is the icon of the newest point of a measure.
func variationSign(m Measure, k *asked) sign {
	if k.At < 0 {
		return sign{Icon: chart.IconNone.SVG().HTML(), Word: "Not judged", More: k.whyWords(), Code: string(control.TooFew)}
	}
	c := k.Chart
	v := c.Variation(m.Definition.Direction)
	p := c.Points[c.Latest()]
	icons := map[control.Variation]chart.Icon{control.Improving: chart.IconImproving, control.Concerning: chart.IconConcerning, control.High: chart.IconUnjudged,
		control.Low: chart.IconUnjudged, control.Common: chart.IconCommon, control.TooFew: chart.IconNone}
	s := sign{Icon: icons[v].SVG().HTML(), Word: capital(variationWords[v]), More: periodWords(p.Row.Period), Code: string(v)}
	if v == control.TooFew {
		s.More = noLimitsWords(c.Bases[p.Base])
	} else if c.Bases[p.Base].Trial() {
		s.More += ", by trial limits"
	}
	if p.Row.Rate.FeedIncomplete() {
		s.More += "; rests on an incomplete feed"
	}
	return s
}

// assuranceSign is the icon of whether the limits hold the target.
func assuranceSign(m Measure, k *asked) sign {
	none := sign{Icon: chart.IconNone.SVG().HTML(), Word: "Not assessed", Code: "not-assessed"}
	switch {
	case !m.hasTarget():
		none.More = "no target"
		return none
	case m.Definition.Direction == "":
		none.More = "which is better is not said"
		return none
	case k.At < 0:
		none.More = k.whyWords()
		return none
	case !sameKind(m, rowsIn(k.Chart)):
		none.More = apartWords(m, rowsIn(k.Chart))
		return none
	}
	signs := map[stats.Assurance]sign{
		stats.Pass:      {chart.IconPass.SVG().HTML(), "Will be met", "limits all better than the target", "P"},
		stats.Fail:      {chart.IconFail.SVG().HTML(), "Will be missed", "limits all worse than the target", "F"},
		stats.HitOrMiss: {chart.IconEither.SVG().HTML(), "Hit or miss", "target within the limits", "?"},
	}
	if s, ok := signs[k.Chart.Assurance(*m.KPI.Target, m.Definition.Direction)]; ok {
		if v := k.Chart.Variation(m.Definition.Direction); v != control.Common {
			s.More += ", which are from before the signal"
		}
		return s
	}
	none.More = "no limits"
	return none
}
