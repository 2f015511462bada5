package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// patience is how long a step may take before a person is shown how far it is.
const patience = 2 * time.Second

// meter shows one step's progress bar at a time, on a terminal only, and only for
// steps that last.
type meter struct {
	out io.Writer // nil where no person looks

	mu      sync.Mutex
	step    string
	started time.Time
	bar     *progressbar.ProgressBar
}

func newMeter(stderr io.Writer) *meter {
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &meter{out: stderr}
	}
	return &meter{}
}

// shown tells whether a person looks at the bar.
func (m *meter) shown() bool { return m.out != nil }

func (m *meter) report(step string, done, total int64) {
	if m.out == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if step != m.step {
		m.clear()
		m.step, m.started = step, time.Now()
	}
	if m.bar == nil {
		if time.Since(m.started) < patience {
			return
		}
		if total <= 0 {
			total = -1
		}
		m.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(m.out),
			progressbar.OptionSetDescription(step),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(200*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	_ = m.bar.Set64(done) // a bar that cannot be drawn must not stop the work
}

// close removes the bar, so that what is printed next starts on a clean line.
func (m *meter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clear()
	m.step = ""
}

func (m *meter) clear() {
	if m.bar != nil {
		_ = m.bar.Clear()
		m.bar = nil
	}
}
