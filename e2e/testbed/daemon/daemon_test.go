package daemon

import (
	"context"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tests := []struct {
		name, reason, line string
		want               stat
		wantErr            bool
	}{
		{
			name:   "plain",
			reason: "fields 3 and 22 count",
			line:   "7 (etcd) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 4711 1 2",
			want:   stat{state: "S", start: 4711},
		},
		{
			name:   "name with parentheses and spaces",
			reason: "a program may call itself anything",
			line:   "7 (a) Z 1 (b) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 4711 1 2",
			want:   stat{state: "S", start: 4711},
		},
		{name: "garbage", reason: "never taken for a process", line: "nothing", wantErr: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseStat(test.line)
			if (err != nil) != test.wantErr || got != test.want {
				t.Errorf("%s: got %+v, %v; want %+v", test.reason, got, err, test.want)
			}
		})
	}
}

func TestDaemonLife(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	set := NewSet(t.TempDir())
	if err := set.Start(Spec{Name: "sleeper", Path: "sleep", Args: []string{"60"}}); err != nil {
		t.Fatal(err)
	}
	first, ok := set.Find("sleeper")
	if !ok {
		t.Fatal("a started daemon is not found")
	}
	if err := set.Stop(ctx, "sleeper", syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if set.Alive("sleeper") {
		t.Fatal("a stopped daemon is alive")
	}
	if err := set.Restart("sleeper"); err != nil {
		t.Fatal(err)
	}
	second, ok := set.Find("sleeper")
	if !ok || second.PID == first.PID {
		t.Fatalf("restarted daemon: got %+v, first was %+v", second, first)
	}
	if err := set.KillAll(ctx); err != nil {
		t.Fatal(err)
	}
	if left := set.Marked(); len(left) != 0 {
		t.Fatalf("processes left: %v", left)
	}
}

// A record whose start time differs names a process that is not ours.
func TestReusedPIDIsForeign(t *testing.T) {
	ctx := t.Context()
	ours, theirs := NewSet(t.TempDir()), NewSet(t.TempDir())
	if err := theirs.Start(Spec{Name: "foreign", Path: "sleep", Args: []string{"60"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = theirs.KillAll(context.Background()) })
	foreign, _ := theirs.Find("foreign")
	if err := ours.Start(Spec{Name: "stale", Path: "true"}); err != nil {
		t.Fatal(err)
	}
	if err := ours.record(Process{Spec: Spec{Name: "stale"}, PID: foreign.PID, Start: foreign.Start - 1}); err != nil {
		t.Fatal(err)
	}
	if err := ours.KillAll(ctx); err != nil {
		t.Fatal(err)
	}
	if !theirs.Alive("foreign") {
		t.Fatal("a process with a reused pid was killed")
	}
}
