package measure

import (
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, reason string
		given        []float64
		want         float64
	}{
		{"odd", "the middle one, whatever the order", []float64{9, 1, 5}, 5},
		{"even", "the mean of the two in the middle", []float64{4, 1, 2, 9}, 3},
		{"one", "is its own middle", []float64{7}, 7},
		{"outlier", "one disturbed round must not count", []float64{1, 1, 1, 1, 100}, 1},
		{"missing", "a round with errors has no value", []float64{nan, 3, nan, 1, 2}, 2},
		{"none", "no value is not zero", nil, nan},
	} {
		got := Median(c.given)
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v: %s", c.name, got, c.want, c.reason)
		}
	}
}

func TestRatios(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		a, b         []float64
		want         float64
	}{
		{"drift", "a machine twice as slow in one round changes no ratio", []float64{8, 16, 8}, []float64{10, 20, 10}, 0.8},
		{"pairs", "rounds are paired, not medians", []float64{1, 20, 3}, []float64{2, 10, 30}, 0.5},
		{"lengths", "a round that one has not is no pair", []float64{1, 2, 3}, []float64{2}, 0.5},
		{"zero", "nothing is a multiple of zero", []float64{1, 3}, []float64{0, 1}, 3},
	} {
		if got := Median(Ratios(c.a, c.b)); got != c.want {
			t.Errorf("%s: %v, want %v: %s", c.name, got, c.want, c.reason)
		}
	}
}

func TestSpread(t *testing.T) {
	least, greatest := Spread([]float64{3, math.NaN(), 1, 2})
	if least != 1 || greatest != 3 {
		t.Errorf("%v to %v, want 1 to 3", least, greatest)
	}
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		name, reason, line string
		want               Stat
		bad                bool
	}{
		{
			name: "worker", reason: "utime and stime are summed up",
			line: "42 (nginx) S 7 42 42 0 -1 4194560 1 0 0 0 120 30 5 5 20 0 1 0 99 1000 200\n",
			want: Stat{PID: 42, Parent: 7, Ticks: 150},
		},
		{
			name: "odd name", reason: "a name may look like what follows it",
			line: "42 (a) S 1 (b) S 7 42 42 0 -1 4194560 1 0 0 0 1 2 5 5 20 0 1 0 99 1000 200",
			want: Stat{PID: 42, Parent: 7, Ticks: 3},
		},
		{name: "short", reason: "no times", line: "42 (nginx) S 7 42", bad: true},
		{name: "empty", reason: "a file that was read too late", line: "", bad: true},
		{name: "words", reason: "not numbers", line: "x (nginx) S 7 42 42 0 -1 0 1 0 0 0 1 2 5 5 20", bad: true},
	} {
		got, err := ParseStat(c.line)
		if (err != nil) != c.bad || !c.bad && got != c.want {
			t.Errorf("%s: %+v, %v, want %+v: %s", c.name, got, err, c.want, c.reason)
		}
	}
}

func TestDescendants(t *testing.T) {
	all := []Stat{{PID: 1}, {PID: 30, Parent: 10}, {PID: 10, Parent: 1}, {PID: 20, Parent: 10}, {PID: 31, Parent: 30}, {PID: 9, Parent: 1}}
	if got := descendants(10, all); !slices.Equal(got, []int{10, 20, 30, 31}) {
		t.Errorf("%v: children and their children, not siblings", got)
	}
	if got := descendants(77, all); got != nil {
		t.Errorf("%v: a process that is not there has no tree", got)
	}
}

func TestParseRollup(t *testing.T) {
	got := parseRollup("5500-7fff ---p 0 00:00 0 [rollup]\nRss:    2048 kB\nPss:    1024 kB\nPss_Anon:  3 kB\n")
	if got != (Memory{RSS: 2 << 20, PSS: 1 << 20}) {
		t.Errorf("%+v", got)
	}
}

func TestOwnProcess(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	tree, err := Tree(os.Getpid())
	if err != nil || !slices.Contains(tree, child.Process.Pid) {
		t.Errorf("%v, %v: lacks the child %d", tree, err, child.Process.Pid)
	}
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 30*time.Millisecond; {
		_ = Median([]float64{1, 2, 3})
	}
	after, err := CPU(os.Getpid())
	if err != nil || after <= before {
		t.Errorf("from %v to %v, %v: the clock of a process at work goes on", before, after, err)
	}
	if m, err := MemoryOf(os.Getpid()); err != nil || m.RSS < m.PSS || m.PSS <= 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := CPU(1 << 22); err == nil {
		t.Error("a process that is not there has no clock")
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 {
		t.Error("nothing has no quantile")
	}
	for i := range 10000 {
		h.Add(time.Duration(i+1) * time.Microsecond)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Microsecond}, {0.5, 5 * time.Millisecond}, {0.99, 9900 * time.Microsecond}, {1, 10 * time.Millisecond}} {
		got := h.Quantile(c.q)
		if math.Abs(float64(got-c.want)) > 0.02*float64(c.want) {
			t.Errorf("quantile %v: %v, want %v", c.q, got, c.want)
		}
	}
	if h.Max() != 10*time.Millisecond || h.Count() != 10000 {
		t.Errorf("max %v, count %d", h.Max(), h.Count())
	}
}

func TestBuckets(t *testing.T) {
	for _, v := range []uint64{0, 1, 63, 64, 65, 127, 128, 1000, 1 << 20, 1<<40 + 12345} {
		i := bucket(v)
		if upper(i) < v || i > 0 && upper(i-1) >= v {
			t.Errorf("%d is in bucket %d, which ends at %d", v, i, upper(i))
		}
	}
}
