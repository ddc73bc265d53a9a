package suite

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/bench/peer"
)

func made(kind peer.Kind, micros ...float64) *contender {
	c := &contender{kind: kind, label: string(kind)}
	for _, m := range micros {
		s := sample{micros: m}
		if math.IsNaN(m) {
			s.fault = "errors"
		}
		c.samples = append(c.samples, s)
	}
	return c
}

func TestRow(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, reason string
		ours, nginx  *contender
		goal         float64
		met          bool
		ratio, notes string
	}{
		{
			name: "met", reason: "by round, not by median of all", goal: 0.85, met: true, ratio: "0.80 (0.50–0.80)",
			ours: made(peer.Ours, 8, 16, 10), nginx: made(peer.Nginx, 10, 20, 20),
		},
		{
			name: "missed", reason: "above the goal", goal: 0.85, ratio: "1.00 (1.00–1.00)",
			ours: made(peer.Ours, 8), nginx: made(peer.Nginx, 8),
		},
		{
			name: "errors of ours", reason: "a void round is no success, however fast the others were", goal: 0.85,
			ratio: "0.50 (0.50–0.50)", notes: "fleetgate: 1 of 2 rounds void: errors",
			ours: made(peer.Ours, 5, nan), nginx: made(peer.Nginx, 10, 10),
		},
		{
			name: "errors of a peer", reason: "the round is left out, and told", goal: 0.85, met: true,
			ratio: "0.50 (0.50–0.50)", notes: "nginx: 1 of 2 rounds void: errors",
			ours: made(peer.Ours, 5, 5), nginx: made(peer.Nginx, 10, nan),
		},
		{
			name: "nothing", reason: "no figure meets no goal", goal: 0.85, ratio: "void", notes: "fleetgate: 1 of 1 rounds void: errors",
			ours: made(peer.Ours, nan), nginx: made(peer.Nginx, 10),
		},
	} {
		var row Row
		row.ratioTo(c.ours.series(micros), c.nginx.series(micros), "nginx")
		row.atMost(c.goal)
		row.note([]*contender{c.ours, c.nginx})
		if row.Met != c.met || row.ratio() != c.ratio || strings.Join(row.Notes, ";") != c.notes {
			t.Errorf("%s: met %v, ratio %s, notes %v: %s", c.name, row.Met, row.ratio(), row.Notes, c.reason)
		}
	}
}

func TestBetter(t *testing.T) {
	nan := math.NaN()
	got := better([]float64{1, 5, nan, 4}, []float64{2, 3, 7, nan})
	for i, want := range []float64{1, 3, 7, 4} {
		if got[i] != want {
			t.Errorf("round %d: %v, want %v", i, got[i], want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := []Row{
		{
			Case: "a", Title: "first", Values: map[peer.Kind]float64{peer.Ours: 30.04, peer.Nginx: 40, peer.NetHTTP: math.NaN()},
			Ratio: 0.75, Least: 0.7, Greatest: 0.8, Against: "nginx", Goal: "≤ 0.85", Met: true, Notes: []string{"a note"},
		},
		{Case: "b", Title: "second", Unit: "MB", Values: map[peer.Kind]float64{peer.Ours: 1234.5}, Goal: "≤ 1"},
		{Case: "c", Title: "third", Values: map[peer.Kind]float64{peer.Ours: 0.123, peer.Traefik: 678}},
	}
	var text strings.Builder
	if err := WriteTable(&text, rows); err != nil {
		t.Fatal(err)
	}
	want := `| case | ours | nginx | HAProxy | Traefik | net/http | ours ÷ nginx | goal | met |
|---|---:|---:|---:|---:|---:|---:|---:|:-:|
| first, µs | 30.0 | 40.0 | – | – | void | 0.75 (0.70–0.80) | ≤ 0.85 | yes |
| second, MB | 1234 | – | – | – | – | – | ≤ 1 | **no** |
| third, µs | 0.12 | – | – | 678 | – | – | – | – |

Notes:
- a: a note
`
	if text.String() != want {
		t.Errorf("%s\nwant\n%s", text.String(), want)
	}
}

func TestChoose(t *testing.T) {
	all, err := choose(nil)
	if err != nil || len(all) != len(Names()) {
		t.Errorf("%d of %d cases, %v: all when none is named", len(all), len(Names()), err)
	}
	some, err := choose([]string{"swap", "keepalive-64"})
	if err != nil || len(some) != 2 || some[0].name != "keepalive-64" {
		t.Errorf("%v, %v: in the order of the table", some, err)
	}
	if _, err := choose([]string{"keepalive"}); err == nil {
		t.Error("a name that is not there is an error, not nothing to do")
	}
	seen := map[string]bool{}
	for _, name := range Names() {
		if seen[name] {
			t.Errorf("two cases are called %s", name)
		}
		seen[name] = true
	}
}

func TestTraefik(t *testing.T) {
	b := &Bench{}
	b.peers.Programs = t.TempDir()
	if notes := strings.Join(b.noTraefik(), ";"); !strings.Contains(notes, "make bench-traefik") {
		t.Errorf("%q: says how to get what is missing", notes)
	}
	if err := os.WriteFile(b.peers.Program(peer.Traefik), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if notes := b.noTraefik(); notes != nil {
		t.Errorf("%v: it is there", notes)
	}
	for _, c := range []struct {
		ours float64
		met  bool
	}{{20, true}, {26, false}, {math.NaN(), false}} {
		run := &tableRun{name: "all", last: made(peer.Ours, c.ours)}
		row := run.toTraefik(made(peer.Traefik, 500))
		if row.Met != c.met || row.Against != "Traefik" || row.Goal != "≤ 0.05" {
			t.Errorf("%v µs to 500 µs: %+v; a twentieth is the goal", c.ours, row)
		}
	}
}

func TestPlaces(t *testing.T) {
	b := &Bench{}
	for _, c := range []struct {
		place      place
		host, path string
		name       string
	}{
		{place{hosts: 1}, "host-000000.bench.example", "/1k", "1 host"},
		{place{hosts: 10_000, last: true}, "host-009999.bench.example", "/1k", "10000 hosts, the last one"},
		{place{paths: 10_000}, "host-000000.bench.example", "/path-000000/1k", "10000 paths of one host, the first one"},
		{place{paths: 10_000, last: true}, "host-000000.bench.example", "/path-009999/1k", "10000 paths of one host, the last one"},
	} {
		got := b.routed(peer.Ours, c.place)
		if got.target.Host != c.host || got.target.Path != c.path || c.place.String() != c.name {
			t.Errorf("%s: %s%s, want %s: %s%s", c.place, got.target.Host, got.target.Path, c.name, c.host, c.path)
		}
	}
}
