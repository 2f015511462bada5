package page

import (
	"farr/reports/internal/text"
	"html/template"

	"farr/internal/stats"
	"farr/reports/internal/chart"
	"farr/reports/internal/control"
)

// causeMarks are the shapes of causes, in drawings and legends.
var causeMarks = map[control.Variation]chart.Cause{control.Common: chart.CommonCause, control.Improving: chart.Improving,
	control.Concerning: chart.Concerning, control.High: chart.Unjudged, control.Low: chart.Unjudged, control.TooFew: chart.CommonCause}

// variationWords say what a cause is.
var variationWords = map[control.Variation]text.Message{control.Improving: "special cause, improving", control.Concerning: "special cause, concerning",
	control.High: "special cause, higher", control.Low: "special cause, lower", control.Common: "common cause", control.TooFew: "too few points"}

// sign is an icon with its words.
type sign struct {
	Icon       template.HTML
	Word, More string
	Code       string // in data files
}

// variationSign is the icon of the newest point of a measure.
func (w words) variationSign(m Measure, k *asked) sign {
	if k.At < 0 {
		return sign{Icon: chart.IconNone.SVG().HTML(), Word: w.Say("Not judged"), More: w.whyWords(k), Code: string(control.TooFew)}
	}
	c := k.Chart
	v := c.Variation(m.Definition.Direction)
	p := c.Points[c.Latest()]
	icons := map[control.Variation]chart.Icon{control.Improving: chart.IconImproving, control.Concerning: chart.IconConcerning, control.High: chart.IconUnjudged,
		control.Low: chart.IconUnjudged, control.Common: chart.IconCommon, control.TooFew: chart.IconNone}
	s := sign{Icon: icons[v].SVG().HTML(), Word: capital(w.say(variationWords[v])), More: w.periodWords(p.Row.Period), Code: string(v)}
	if v == control.TooFew {
		s.More = w.noLimitsWords(c.Bases[p.Base])
	} else if c.Bases[p.Base].Trial() {
		s.More += w.Say(", by trial limits")
	}
	if p.Row.Rate.FeedIncomplete() {
		s.More += w.Say("; rests on an incomplete feed")
	}
	return s
}

// assuranceSign is the icon of whether the limits hold the target.
func (w words) assuranceSign(m Measure, k *asked) sign {
	none := sign{Icon: chart.IconNone.SVG().HTML(), Word: w.Say("Not assessed"), Code: "not-assessed"}
	switch {
	case !m.hasTarget():
		none.More = w.Say("no target")
		return none
	case m.Definition.Direction == "":
		none.More = w.Say("which is better is not said")
		return none
	case k.At < 0:
		none.More = w.whyWords(k)
		return none
	case !sameKind(m, rowsIn(k.Chart)):
		none.More = w.apartWords(m, rowsIn(k.Chart))
		return none
	}
	signs := map[stats.Assurance]sign{
		stats.Pass:      {chart.IconPass.SVG().HTML(), w.Say("Will be met"), w.Say("limits all better than the target"), "P"},
		stats.Fail:      {chart.IconFail.SVG().HTML(), w.Say("Will be missed"), w.Say("limits all worse than the target"), "F"},
		stats.HitOrMiss: {chart.IconEither.SVG().HTML(), w.Say("Hit or miss"), w.Say("target within the limits"), "?"},
	}
	if s, ok := signs[k.Chart.Assurance(*m.KPI.Target, m.Definition.Direction)]; ok {
		if v := k.Chart.Variation(m.Definition.Direction); v != control.Common {
			s.More += w.Say(", which are from before the signal")
		}
		return s
	}
	none.More = w.Say("no limits")
	return none
}
