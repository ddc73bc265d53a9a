package router

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIndexAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x *index[int]
		model := map[string]int{}
		for round := range rapid.IntRange(1, 6).Draw(t, "rounds") {
			x = x.with(drawChanges(t, model, round))
			for key, want := range model {
				if got, ok := x.exactly(key); !ok || got != want {
					t.Fatalf("%q: got %d, %v, want %d", key, got, ok, want)
				}
			}
			if _, ok := x.exactly("host-absent.example.com"); ok || x.empty() != (len(model) == 0) {
				t.Fatalf("%d hostnames: empty %v, absent found %v", len(model), x.empty(), ok)
			}
		}
	})
}

// drawChanges makes changes to a model that grows and shrinks by up to some hundred hostnames.
func drawChanges(t *rapid.T, model map[string]int, round int) (changes []change[int]) {
	from, n := rapid.IntRange(0, 300).Draw(t, "from"), rapid.IntRange(0, 300).Draw(t, "n")
	remove := rapid.Bool().Draw(t, "remove")
	for i := from; i < from+n; i++ {
		key := []string{"host-%d.example.com", "*.zone-%d.example.com"}[i%2]
		key = fmt.Sprintf(key, i)
		if i == 7 {
			key = ""
		}
		if _, ok := model[key]; remove && ok {
			delete(model, key)
			changes = append(changes, change[int]{name: key, remove: true})
		} else if !remove {
			model[key] = i + 1000*round
			changes = append(changes, change[int]{name: key, value: model[key]})
		}
	}
	return changes
}

func TestIndexSharesWhatDidNotChange(t *testing.T) {
	var changes []change[int]
	for i := range 10_000 {
		changes = append(changes, change[int]{name: fmt.Sprint("host-", i), value: i})
	}
	before := (*index[int])(nil).with(changes)
	after := before.with([]change[int]{{name: "host-5", value: -1}})
	differ := 0
	for i := range after.names.shards {
		if &before.names.shards[i][0] != &after.names.shards[i][0] {
			differ++
		}
	}
	if differ != 1 {
		t.Fatalf("%d of %d shards were made anew for one hostname", differ, len(after.names.shards))
	}
	if v, _ := before.exactly("host-5"); v != 5 {
		t.Fatal("the index before must stay as it was")
	}
}

func TestIndexWalk(t *testing.T) {
	deep := "*" + strings.Repeat(".x", 40) + ".com"
	index := (*index[string])(nil).with([]change[string]{
		{name: "", value: "any"},
		{name: "*.com", value: "com"},
		{name: "*.example.com", value: "example"},
		{name: "a.example.com", value: "exact"},
		{name: deep, value: "deep"},
	})
	cases := []struct{ name, reason, host, want string }{
		{"all of them", "from the most specific on", "a.example.com", "exact example com any"},
		{"no exact one", "", "b.example.com", "example com any"},
		{"more labels", "a wildcard stands for any number of labels", "c.b.example.com", "example com any"},
		{"the suffix itself", "a wildcard stands for at least one label", "example.com", "com any"},
		{"one label", "", "com", "any"},
		{"none", "", "", "any"},
		{"strange", "no hostname, so nothing but the last one", "*.com", "com any"},
		{"dot first", "no hostname either", ".com", "any"},
		{"very deep", "suffixes of many labels share a place", "y" + deep[1:], "deep com any"},
		{"deeper", "", "z.y" + deep[1:], "deep com any"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			var at cursor
			for {
				v, ok := index.next(c.host, hashOf(c.host), &at)
				if !ok {
					break
				}
				got = append(got, v)
			}
			if strings.Join(got, " ") != c.want {
				t.Fatalf("%s: got %v, want %s", c.reason, got, c.want)
			}
		})
	}
}
