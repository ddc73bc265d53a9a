package proxy

import (
	"crypto/tls"
	"testing"
	"time"
)

func TestTicketKeysRotate(t *testing.T) {
	var keys tickets
	now := time.Unix(1e9, 0)
	renew := func() [32]byte {
		if err := keys.renew(&tls.Config{}, now); err != nil {
			t.Fatal(err)
		}
		return keys.keys[0]
	}
	first := renew()
	if now = now.Add(ticketTime - 1); renew() != first {
		t.Fatal("a key is used for a day")
	}
	seen := map[[32]byte]bool{first: true}
	for day := 2; day <= 10; day++ {
		now = now.Add(ticketTime)
		if key := renew(); seen[key] {
			t.Fatal("a key was used again")
		} else {
			seen[key] = true
		}
		if want := min(day, ticketKeys); len(keys.keys) != want {
			t.Fatalf("day %d: %d keys are remembered, want %d", day, len(keys.keys), want)
		}
	}
}
