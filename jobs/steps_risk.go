package jobs

import (
	"context"
	"errors"
	"fmt"

	"farr/datasets"
	"farr/datasets/risk"
)

// risk measures the residual risk of the extract, keeps the report, and lets the extract into force. Where
// the gate is enforced and the risk is beyond the thresholds, the extract that was in force stays so, and nothing
// is measured or reported.
func (b *building) risk(ctx context.Context, extract *datasets.Snapshot) error {
	return b.step("risk", func(s *StepResult) error {
		sn, report, skipped, err := risk.Record(ctx, b.store, extract, risk.Options{Also: []int64{b.job.Risk.K}, Progress: b.o.Progress})
		if err != nil {
			return err
		}
		s.Snapshot, s.Skipped, s.Rows = sn.ID(), skipped, report.Classes
		judged := b.job.Risk.Judge(report)
		var gate *risk.GateError
		if judged != nil && !errors.As(judged, &gate) {
			return judged
		}
		b.result.Risk = &RiskResult{Report: sn.ID(), Summary: report.Summary(), Gate: b.job.Risk.Gate, Thresholds: b.job.Risk.Thresholds, Breaches: []risk.Breach{}}
		if gate != nil {
			b.result.Risk.Breaches = gate.Breaches
		}
		held := gate != nil && b.job.Risk.Gate == gateEnforce
		if err := b.logGate(ctx, extract, held); err != nil {
			return err
		}
		if held {
			kept := "was not put in force"
			if current, err := b.store.Current("extract"); err == nil && current.ID() == extract.ID() {
				kept = "was in force before this gate and stays so, and nothing is made of it"
			}
			return fmt.Errorf("extract %.12s %s: %w (farr risk --snapshot %[1]s tells more)", extract.ID(), kept, gate)
		}
		return b.store.SetCurrent(ctx, "extract", extract.ID())
	})
}

// logGate writes what the gate said into the store's log.
func (b *building) logGate(ctx context.Context, extract *datasets.Snapshot, held bool) error {
	facts, err := risk.Facts(b.result.Risk)
	if err != nil {
		return err
	}
	delete(facts, "summary") // words for a person; the report has the figures
	facts["extract"], facts["held"] = extract.ID(), held
	return b.store.Log(ctx, datasets.Event{Kind: "risk-gate", Facts: facts})
}

// RiskResult is what the gate on residual risk said.
type RiskResult struct {
	Report     string          `json:"report"`  // snapshot of kind risk
	Summary    string          `json:"summary"` // in a line
	Gate       string          `json:"gate"`    // record or enforce
	Thresholds risk.Thresholds `json:"thresholds"`
	Breaches   []risk.Breach   `json:"breaches"` // figures beyond their thresholds
}
