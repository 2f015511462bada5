package synth

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// zoneName is the zone whose wall time the sites keep.
const zoneName = "America/New_York"

// world is what all patients share. It does not change once made, so patients can be
// simulated in any order and in parallel.
type world struct {
	seed       uint64
	start, end day
	clock      clock
	sites      []site
	periods    []period
	firstWatch day // first day of the newest 24 months
	months     int // in those

	// planted effects: sites by index, months by first day
	highSite, lowSite, stoppedSite, gappySite int
	improves, stops                           day
}

type site struct {
	id       uid // Organization
	location uid
	label    string
	weight   int
}

// Streams of random numbers that are not a patient's.
const (
	streamSites   = 1 << 60
	streamDirty   = 2 << 60
	streamOrphans = 3 << 60
)

// Streams of one patient beside the usual one, by which part of life they are for; the patient's
// index is added.
const (
	streamHeart = (iota + 1) << 56
	streamStatins
	streamBirths
	streamAsthma
)

// stream is the random stream n of a seed: each patient has one, so neither order
// nor the number of patients changes a patient.
func stream(seed, n uint64) *rand.Rand {
	x := n + 0x9e3779b97f4a7c15 // SplitMix64, so that neighbours share no bits
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return rand.New(rand.NewPCG(seed, x^x>>31))
}

func newWorld(o Options) (*world, error) {
	loc, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("time zone of the synthetic sites: %w", err)
	}
	w := &world{seed: o.Seed, start: dayOf(o.Start), end: dayOf(o.End), clock: clock{loc}}
	rng := stream(o.Seed, streamSites)
	for i := range o.Sites {
		w.sites = append(w.sites, site{
			id: newUID(rng), location: newUID(rng),
			label:  fmt.Sprintf("Clinic %02d", i+1),
			weight: 100 - 50*i/o.Sites, // the largest has about twice the patients of the smallest
		})
	}
	w.periods = periodsOf(w.start, w.end)
	w.firstWatch = w.start.firstOfMonth()
	for _, p := range w.periods {
		if p.high-p.low > 31 {
			break
		}
		if w.months == 0 {
			w.firstWatch = p.low
		}
		w.months++
	}
	// the faults are at the two smallest sites, so that they do not drown the other effects;
	// with fewer than five sites one may play two parts
	w.highSite, w.lowSite, w.stoppedSite, w.gappySite = 1%o.Sites, 2%o.Sites, o.Sites-1, max(0, o.Sites-2)
	w.improves = addMonths(w.firstWatch, w.months*14/24)
	w.stops = addMonths(w.firstWatch, w.months*17/24)
	return w, nil
}

func newUID(rng *rand.Rand) uid { return uid{rng.Uint64(), rng.Uint64()} }

// Strength of the planted effects, as probabilities or factors in the simulation.
const (
	controlBefore, controlAfter      = 0.52, 0.74
	colorectalUsual, colorectalLow   = 0.74, 0.38
	cervicalUsual, cervicalHispanic  = 0.82, 0.56
	emergencyUsual, emergencyHighBy  = 0.34, 2.6 // visits a year at 45, factor
	gappyEffective, gappyConditions  = 0.40, 0.30
	readmissionShare, mammogramShare = 0.20, 0.76
)

// Effect is a planted difference that a reader of the charts should find.
type Effect struct {
	Kind    string `json:"kind"`              // outlier-site, improvement, group-gap, stopped-feed, missing-elements
	Measure string `json:"measure,omitempty"` // the measure that shows it
	Site    string `json:"site,omitempty"`    // label
	From    string `json:"from,omitempty"`    // first month, YYYY-MM
	Stratum string `json:"stratum,omitempty"`
	Value   string `json:"value,omitempty"`
	// Direction of the number: higher or lower than elsewhere, before or the other group.
	Direction string  `json:"direction,omitempty"`
	Usual     float64 `json:"usual,omitempty"`   // the simulation's parameter elsewhere
	Planted   float64 `json:"planted,omitempty"` // and here
	Note      string  `json:"note"`
}

func (w *world) effects() []Effect {
	month := func(d day) string { return d.String()[:7] }
	return []Effect{
		{Kind: "outlier-site", Measure: "emergency-visits", Site: w.sites[w.highSite].label, Direction: "higher", Usual: 1, Planted: emergencyHighBy,
			Note: "emergency visits of this site's patients are multiplied"},
		{Kind: "outlier-site", Measure: "colorectal-cancer-screening", Site: w.sites[w.lowSite].label, Direction: "lower", Usual: colorectalUsual, Planted: colorectalLow,
			Note: "share of this site's patients who take part in screening"},
		{Kind: "improvement", Measure: "blood-pressure-control", From: month(w.improves), Direction: "higher", Usual: controlBefore, Planted: controlAfter,
			Note: "share of readings that are controlled, at all sites"},
		{Kind: "group-gap", Measure: "cervical-cancer-screening", Stratum: "ethnicity", Value: hispanic.code, Direction: "lower", Usual: cervicalUsual, Planted: cervicalHispanic,
			Note: "share of the group that takes part in screening"},
		{Kind: "stopped-feed", Measure: "blood-pressure-control", Site: w.sites[w.stoppedSite].label, From: month(w.stops), Direction: "lower",
			Note: "Observations of this site were not delivered from this month on"},
		{Kind: "missing-elements", Measure: "blood-pressure-control", Site: w.sites[w.gappySite].label, Direction: "lower", Planted: gappyEffective,
			Note: "this share of the site's Observations has no effective[x]; some of its patients' Conditions have neither onset[x] nor recordedDate"},
	}
}
