package source

import "github.com/fleetgate/fleetgate/dataplane/config"

// none is the chunk that is not there.
var none config.Chunk

// chunkChange is a chunk and the one that comes in its place; either may be empty.
type chunkChange struct{ was, now *config.Chunk }

// changesBetween gives the chunks that were read anew, and those that came or went.
func changesBetween(was, now []*config.Chunk) (changes []chunkChange) {
	for i := range max(len(was), len(now)) {
		c := chunkChange{&none, &none}
		if i < len(was) {
			c.was = was[i]
		}
		if i < len(now) {
			c.now = now[i]
		}
		if c.was != c.now {
			changes = append(changes, c)
		}
	}
	return changes
}
