package stats

import "math/rand/v2"

// FalseSignals simulates charts of a process that does not change, with p-chart limits
// from their own points, and gives the share in which some rule of [SpecialCauses] signals. The
// same seed gives the same share.
func FalseSignals(charts, periods, denominator int, p float64, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, 0))
	signalled := 0
	samples := make([]Proportion, periods)
	for range charts {
		for i := range samples {
			samples[i] = Proportion{0, int64(denominator)}
			for range denominator {
				if random.Float64() < p {
					samples[i].Numerator++
				}
			}
		}
		c, err := PChart(samples)
		if err != nil {
			continue
		}
		for _, s := range SpecialCauses(c.Points) {
			if s.Any() {
				signalled++
				break
			}
		}
	}
	return float64(signalled) / float64(charts)
}
