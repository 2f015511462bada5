package jobs

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"farr/internal/source"
)

// Retry is how a planned time whose run failed in one way is run again.
type Retry struct {
	Attempts int      `yaml:"attempts,required"` // in all, the first among them; 1: none again
	Wait     Duration `yaml:"wait"`              // before the second; twice as long before each further one
	Longest  Duration `yaml:"longest"`           // no wait is longer
}

// Retries is a Retry for each class of failure.
type Retries map[Class]Retry

// maxAttempts bounds what a file may ask for.
const maxAttempts = 20

// defaultRetries hold for classes that a file says nothing about; classes that are not here fail at once, because nothing
// changes by itself. A process that died is tried three times in all, so that a run that takes the machine down does not do
// it for ever.
var defaultRetries = Retries{
	ClassInterrupted: {Attempts: 3},
	ClassCrashed:     {Attempts: 3},
	ClassLocked:      {Attempts: 10, Wait: Duration(time.Minute), Longest: Duration(10 * time.Minute)},
	ClassServer:      {Attempts: 3, Wait: Duration(10 * time.Minute), Longest: Duration(time.Hour)},
}

// retryable are the classes that may pass by themselves, in the order in which they are told.
var retryable = []Class{ClassFailed, ClassCrashed, ClassInterrupted, ClassLocked, ClassServer, ClassTime, ClassDisk, ClassRejects}

// again tells whether the attempt of that number, which ended as class, is followed by another, and after how long.
func (r Retries) again(class Class, job string, at time.Time, number int) (wait time.Duration, ok bool) {
	rule, found := r[class]
	if !found {
		rule, found = defaultRetries[class]
	}
	if !found || number >= rule.Attempts {
		return 0, false
	}
	longest := time.Duration(rule.Longest)
	if longest == 0 {
		longest = max(time.Hour, time.Duration(rule.Wait))
	}
	wait = time.Duration(rule.Wait)
	for range number - 1 {
		if wait *= 2; wait >= longest {
			break
		}
	}
	wait = min(wait, longest)
	// Up to a quarter less, so that jobs that failed together for one cause do not come back together. It is a function of
	// what is tried: the same ledger gives the same times.
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d", job, at.Unix(), number)
	wait -= time.Duration(h.Sum64() % uint64(wait/4+1))
	return wait, true
}

// retries checks the rules.
func (c checker) retries(job *Job) {
	for _, class := range slices.Sorted(maps.Keys(job.Retries)) {
		r := job.Retries[class]
		if !slices.Contains(retryable, class) {
			c.retryClass(class)
			continue
		}
		if c.doc.Has("retries", string(class), "attempts") && (r.Attempts < 1 || r.Attempts > maxAttempts) {
			c.doc.Report("bad-value", fmt.Sprintf("expected 1 to %d attempts, the first among them", maxAttempts), "1: not again", "retries", string(class), "attempts")
		}
		if c.doc.Has("retries", string(class), "longest") && r.Longest < r.Wait {
			c.doc.Report("bad-value", "longest is shorter than wait", "", "retries", string(class), "longest")
		}
	}
}

// retryClass reports a class that is not, or cannot pass by itself.
func (c checker) retryClass(class Class) {
	if slices.Contains(order, class) {
		c.doc.Report("not-retryable", fmt.Sprintf("a failure of class %s does not pass by itself", class), "remove it: a person has to look", "retries", string(class))
		return
	}
	known := make([]string, len(retryable))
	for i, r := range retryable {
		known[i] = string(r)
	}
	hint := source.DidYouMean(string(class), known)
	if hint == "" {
		hint = "one of " + strings.Join(known, ", ")
	}
	c.doc.Report("unknown-value", fmt.Sprintf("no class of failure %q", class), hint, "retries", string(class))
}

// attempts is how often a planned time is tried that fails as class.
func (r Retries) attempts(class Class) int {
	if rule, found := r[class]; found {
		return rule.Attempts
	}
	return max(1, defaultRetries[class].Attempts)
}
