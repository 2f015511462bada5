package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// BenchmarkExtract runs the built command as its own process on a seeded population in
// plain NDJSON, about 100 MB and about 1 GB of it, and reports megabytes for each second
// of one core's work (user and system time of the whole process), of the middle run and of the best
// (neighbours on the machine only ever add time), and peak resident memory: of extraction itself, and with the residual
// risk that is measured with each extract.
func BenchmarkExtract(b *testing.B) {
	dir := b.TempDir()
	bin := filepath.Join(dir, "farr")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	key := filepath.Join(dir, "key")
	command(b, bin, "keys", "new", "--out", key)

	// The larger export is the smaller one's generator run on more patients.
	probe := plainExport(b, bin, filepath.Join(dir, "probe"), 100)
	for _, megabytes := range []int64{100, 1000} {
		patients := int(100 * megabytes * 1e6 / probe)
		source := filepath.Join(dir, fmt.Sprint("source", megabytes))
		bytes := plainExport(b, bin, source, patients)
		for _, risk := range []string{"--risk=false", "--risk=true"} {
			b.Run(fmt.Sprintf("%dMB%s", megabytes, risk), func(b *testing.B) {
				var rates []float64
				var peak int64
				for range b.N {
					store := filepath.Join(b.TempDir(), "store")
					state := command(b, bin, "extract", "--source", source, "--store", store, "--key", key, "--zone", "America/New_York", risk)
					rates = append(rates, float64(bytes)/1e6/(state.UserTime()+state.SystemTime()).Seconds())
					peak = max(peak, state.SysUsage().(*syscall.Rusage).Maxrss*1024)
				}
				slices.Sort(rates)
				b.ReportMetric(rates[len(rates)/2], "MB/cpu-s")
				b.ReportMetric(rates[len(rates)-1], "best-MB/cpu-s")
				b.ReportMetric(float64(peak)/1e6, "peak-MB")
				b.ReportMetric(float64(bytes)/1e6, "input-MB")
			})
		}
		if err := os.RemoveAll(source); err != nil {
			b.Fatal(err)
		}
	}
}

func command(b *testing.B, bin string, args ...string) *os.ProcessState {
	b.Helper()
	cmd := exec.Command(bin, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return cmd.ProcessState
}

// plainExport writes a synthetic export as plain NDJSON and returns its size in bytes. The command
// does it, since peak memory of this process would count as that of its children.
func plainExport(b *testing.B, bin, dir string, patients int) (size int64) {
	b.Helper()
	command(b, bin, "synth", "--patients", fmt.Sprint(patients), "--seed", "1", "--sites", "12", "--out", dir)
	files, _ := filepath.Glob(filepath.Join(dir, "*.ndjson.gz"))
	for _, file := range files {
		n, err := gunzip(file)
		if err != nil {
			b.Fatal(err)
		}
		size += n
	}
	return size
}

// gunzip replaces name.gz by name.
func gunzip(file string) (int64, error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return 0, err
	}
	out, err := os.Create(file[:len(file)-len(".gz")])
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, z)
	if err != nil {
		return 0, err
	}
	if err := out.Close(); err != nil {
		return 0, err
	}
	return n, os.Remove(file)
}
