package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// Revise names what proxies get of a Gateway: it sets Revision and OwnRevision, and Revision of each of the Sets that has none. All
// else of the Gateway must be there already. The same Gateway has the same names whatever happened before, so that nothing of them has to be
// remembered; they tell nothing of the number of chunks, in which no listener has a part.
func Revise(gateway *ir.Gateway) {
	var secrets []string
	if gateway.BackendSecret != "" {
		secrets = []string{gateway.BackendSecret}
	}
	gateway.OwnRevision = nameOf(gateway.Generation, gateway.TrustedProxies, secrets, revisionOf(gateway, gateway.Own()))
	parts := make([]string, 0, len(gateway.Sets))
	for _, set := range gateway.Sets {
		if set.Revision == "" {
			set.Revision = revisionOf(gateway, gateway.ListenersOf(set))
		}
		parts = append(parts, set.Revision)
	}
	gateway.Revision = nameOf(gateway.OwnRevision, parts, gateway.Pools)
}

// revisionOf names what proxies get of some listeners of a Gateway. Where they get nothing, there is nothing to name.
func revisionOf(gateway *ir.Gateway, listeners []ir.Listener) string {
	var compiled []config.Listener
	var pools []ir.Pool
	for i := range listeners {
		if !listeners[i].Proxied {
			continue
		}
		compiled = append(compiled, compileListener(gateway, &listeners[i]))
		for _, filter := range listeners[i].Filters {
			if filter.Auth == nil {
				continue
			}
			at := slices.IndexFunc(gateway.Pools, func(p ir.Pool) bool { return p.Key == filter.Auth.Pool })
			if at >= 0 {
				pools = append(pools, gateway.Pools[at])
			}
		}
	}
	if len(compiled) == 0 {
		return ""
	}
	sortListeners(compiled)
	return nameOf(compiled, pools)
}

// nameLength is how many digits of a hash a name has: enough that nobody finds two things of one name.
const nameLength = 32

// nameOf is a name for values.
func nameOf(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		return err.Error() // there is nothing in them that cannot be encoded
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:nameLength]
}
