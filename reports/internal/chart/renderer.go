package chart

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"

	"modernc.org/quickjs"

	"farr/reports/internal/text"
)

//go:embed asset
var assets embed.FS

//go:embed runtime.js
var runtime string

// ErrAssetMissing says that the binary was built without echarts.
var ErrAssetMissing = errors.New("chart asset missing: run make")

// Notices is the text of the licences of what draws the charts.
func Notices() (string, error) {
	b, err := fs.ReadFile(assets, "asset/notices.txt")
	if err != nil {
		return "", ErrAssetMissing
	}
	return string(b), nil
}

// SVG is a drawing made by this package, and therefore safe in a page.
type SVG struct{ markup template.HTML }

// HTML is the drawing's markup; empty for the zero SVG.
func (s SVG) HTML() template.HTML { return s.markup }

// Renderer turns options into SVG. It keeps one JavaScript context and every
// drawing it has made; it is not safe for concurrent use.
type Renderer struct {
	vm   *quickjs.VM
	seen map[[sha256.Size]byte]string // by hash of the spec; echarts' own output
}

// NewRenderer loads echarts. Close it.
func NewRenderer() (*Renderer, error) {
	echarts, err := assets.ReadFile("asset/echarts.bytecode")
	if err != nil {
		return nil, ErrAssetMissing
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, fmt.Errorf("start the chart engine: %w", err)
	}
	v, err := vm.EvalBytecodeValue(echarts)
	if err == nil {
		v.Free()
		v, err = vm.EvalValue(runtime, quickjs.EvalGlobal)
	}
	if err != nil {
		vm.Close()
		return nil, fmt.Errorf("load the chart engine: %w; is its asset of another version? run make", err)
	}
	v.Free()
	return &Renderer{vm: vm, seen: map[[sha256.Size]byte]string{}}, nil
}

// Close frees the JavaScript context.
func (r *Renderer) Close() error { return r.vm.Close() }

// spec is what runtime.js draws: an option and the words of custom series,
// which are kept out of the option so that echarts never reads them as formats.
type spec struct {
	Option map[string]any `json:"option"`
	Width  int            `json:"width"`
	Height int            `json:"height"`
	Rows   []rowText      `json:"rows,omitempty"`
	Left   int            `json:"left,omitempty"`
	NAt    int            `json:"nAt,omitempty"`
	RateAt int            `json:"rateAt,omitempty"`
	Mark   string         `json:"mark,omitempty"`

	Numbers []string `json:"numbers,omitempty"` // of a control chart's events
	Signs   *signs   `json:"signs,omitempty"`   // of numbers on axes; none in English
}

// signs are those of numbers on axes; in Percent 0 stands for the number.
type signs struct {
	Decimal string `json:"decimal"`
	Group   string `json:"group"`
	Percent string `json:"percent"`
}

// signsOf are those of a language; nil where they are the ones that runtime.js has.
func signsOf(w *text.Words) *signs {
	if w.English {
		return nil
	}
	decimal, group := w.Signs()
	return &signs{decimal, group, w.Say("{number} %", "0")}
}

type rowText struct {
	Label  string `json:"label"`
	N      string `json:"n,omitempty"`
	Rate   string `json:"rate,omitempty"`
	State  string `json:"state,omitempty"`
	Hollow bool   `json:"hollow,omitempty"`
	Hidden bool   `json:"hidden,omitempty"` // the state is that a number may not be shown
	Colour string `json:"colour,omitempty"`
	Weight string `json:"weight,omitempty"`
	Align  string `json:"align,omitempty"`
}

// draw renders a spec under the figure's name, title and description.
func (r *Renderer) draw(l Label, s spec) (SVG, error) {
	s.Signs = signsOf(l.Words)
	b, err := json.Marshal(s)
	if err != nil {
		return SVG{}, fmt.Errorf("chart %s: %w", l.ID, err)
	}
	key := sha256.Sum256(b)
	raw, ok := r.seen[key]
	if !ok {
		v, err := r.vm.Call("farrRender", string(b))
		if err != nil {
			// The engine's text may quote a label, and a label may be a site's name.
			return SVG{}, fmt.Errorf("chart %s: the chart engine refused it", l.ID)
		}
		if raw, ok = v.(string); !ok {
			return SVG{}, fmt.Errorf("chart %s: the chart engine returned no drawing", l.ID)
		}
		r.seen[key] = raw
	}
	return clean(raw, l)
}
