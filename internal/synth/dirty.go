package synth

import (
	"math/rand/v2"
	"strings"
)

// badLine is where a planted bad line stands, before its chunk has a place in the file.
type badLine struct {
	line   int // 1-based, in the part
	offset int // of its first byte in the part's plain text
	reason string
}

// dirtMarker is in every planted bad line, followed by a number, where a name would be.
// A leak test looks for it in everything that was written.
const dirtMarker = "Vexmoor"

// dirt makes bad lines. Each has one fault, so its reason is not a matter of taste.
type dirt struct {
	rng *rand.Rand
	n   int
}

// faults by reason. NAME stands for a marker, ID for a fresh id. What makes a line
// too long is a setting of the reader, so that fault is not planted.
var faults = []struct {
	reason string
	lines  []string
}{
	{"invalid-json", []string{
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME","given":["Ada`, // cut
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"},],"active":true}`,
		`{'resourceType':'Patient','id':'ID','name':[{'family':'NAME'}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}],"multipleBirthInteger":01}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}],"multipleBirthInteger":NaN}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME` + "\t" + `"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME\x41"}]}`,
		`NAME was here`,
	}},
	{"invalid-utf8", []string{
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME` + "\xff" + `"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME M` + "\xfc" + `ller"}]}`, // Latin-1
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME` + "\xc0\xaf" + `"}]}`,   // overlong
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME` + "\xed\xa0\x80" + `"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME\ud800"}]}`, // half a surrogate pair
	}},
	{"nul-byte", []string{
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME` + "\x00" + `"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME\u0000"}]}`,
	}},
	{"duplicate-key", []string{
		`{"resourceType":"Patient","id":"ID","id":"x1","name":[{"family":"NAME"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME","family":"Other"}]}`,
		`{"resourceType":"Patient","id":"ID","gender":"male","\u0067ender":"female","name":[{"family":"NAME"}]}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}],"resourceType":"Person"}`,
	}},
	{"too-deep", []string{
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}],"extension":` + strings.Repeat(`[`, 2000) + strings.Repeat(`]`, 2000) + `}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}],"extension":[` + strings.Repeat(`{"extension":[`, 600) + strings.Repeat(`]}`, 600) + `]}`,
	}},
	{"not-an-object", []string{`["Patient","ID","NAME"]`, `"NAME"`, `[{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}]}]`}},
	{"missing-resource-type", []string{`{"id":"ID","name":[{"family":"NAME"}]}`, `{"resource_type":"Patient","id":"ID","name":[{"family":"NAME"}]}`}},
	{"wrong-resource-type", []string{
		`{"resourceType":"Pacient","id":"ID","name":[{"family":"NAME"}]}`,
		`{"resourceType":"patient","id":"ID","name":[{"family":"NAME"}]}`,
		`{"resourceType":"","id":"ID","name":[{"family":"NAME"}]}`,
	}},
	{"missing-id", []string{
		`{"resourceType":"Patient","name":[{"family":"NAME"}],"gender":"female"}`,
		`{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/x1","display":"NAME"}}`,
	}},
	{"invalid-id", []string{
		`{"resourceType":"Patient","id":"NAME, Ada","name":[{"family":"NAME"}]}`,
		`{"resourceType":"Patient","id":"","name":[{"family":"NAME"}]}`,
		`{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `","name":[{"family":"NAME"}]}`,
	}},
	{"missing-subject", []string{
		`{"resourceType":"Observation","id":"ID","status":"final","code":{"text":"NAME"},"effectiveDateTime":"2001-02-03"}`,
		`{"resourceType":"Encounter","id":"ID","status":"finished","class":{"code":"AMB"},"subject":{"display":"NAME"}}`,
		`{"resourceType":"Condition","id":"ID","code":{"text":"NAME"}}`,
	}},
	{"trailing-garbage", []string{
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}]}}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}]} {"resourceType":"Patient","id":"x2"}`,
		`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}]};`,
	}},
}

const byteOrderMark = "byte-order-mark"

// plant appends a bad line of the fault to a part. Any fault may stand in any file: a
// resource's own type decides.
func (d *dirt) plant(p *part, reason, line string) {
	d.n++
	name := text(dirtMarker).int(int(d.rng.Uint32N(1<<20))<<12 | d.n&0xfff)
	line = strings.ReplaceAll(line, "NAME", string(name))
	line = strings.Replace(line, "ID", newUID(d.rng).String(), 1)
	p.lines++
	p.bad = append(p.bad, badLine{p.lines, len(p.plain), reason})
	p.plain = p.plain.raw(line, "\n")
}

// maybe plants one after a good line, with the given chance.
func (d *dirt) maybe(p *part, f file, share float64) {
	if d.rng.Float64() >= share {
		return
	}
	fault := faults[d.rng.IntN(len(faults))]
	d.plant(p, fault.reason, fault.lines[d.rng.IntN(len(fault.lines))])
}

// everyKind plants each fault in each of its forms once, and a byte order mark at the
// head of a file that has no line yet.
func (d *dirt) everyKind(c *chunk) {
	d.plant(&c.files[fileCoverage], byteOrderMark, "\xef\xbb\xbf"+`{"resourceType":"Patient","id":"ID","name":[{"family":"NAME"}]}`)
	for _, fault := range faults {
		for _, line := range fault.lines {
			d.plant(&c.files[filePatient+file(d.rng.IntN(int(fileCount-filePatient)))], fault.reason, line)
		}
	}
}
