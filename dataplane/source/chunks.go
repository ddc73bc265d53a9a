package source

import "github.com/fleetgate/fleetgate/dataplane/config"

// chunkChange is a chunk and the one that comes in its place; either may be empty.
type chunkChange struct{ was, now config.Chunk }

// changesBetween gives the chunks that differ. A part that was not decoded anew shares its memory.
func changesBetween(was, now []config.Chunk) (changes []chunkChange) {
	for i := range max(len(was), len(now)) {
		var c chunkChange
		if i < len(was) {
			c.was = was[i]
		}
		if i < len(now) {
			c.now = now[i]
		}
		if !shared(c.was.Hosts, c.now.Hosts) || !shared(c.was.Pools, c.now.Pools) {
			changes = append(changes, c)
		}
	}
	return changes
}

// shared says that two slices are the same memory.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
