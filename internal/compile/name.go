package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/internal/world"
)

// nameBudget is what a proxy name may have, so that "-<chunk>" and "-<pod>" still fit a DNS label.
const nameBudget = 52

const hashLength = 10

// ProxyName is the name of everything that is made for the proxies of a Gateway in its own namespace: a DNS
// label of at most 52 characters that begins with a letter. Two Gateways of one namespace never share one,
// however long their names are: it ends in a hash of the whole name (GEP-1762).
func ProxyName(gateway world.Name) string {
	sum := sha256.Sum256([]byte(gateway.Name))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	readable := strings.ReplaceAll(gateway.Name, ".", "-")
	if readable == "" || readable[0] < 'a' || readable[0] > 'z' {
		readable = "gw-" + readable
	}
	if most := nameBudget - hashLength - 1; len(readable) > most {
		readable = readable[:most]
	}
	return strings.TrimRight(readable, "-") + "-" + hash
}

// ProxyOf is the ProxyName in the name of a ProxyConfig, be it a root or a chunk: the number of a chunk is shorter than a hash.
func ProxyOf(name string) string {
	if cut := strings.LastIndexByte(name, '-'); cut >= 0 && len(name)-cut-1 < hashLength {
		return name[:cut]
	}
	return name
}

// ChunkName is the name of the ProxyConfig that carries a chunk.
func ChunkName(gateway world.Name, index int) string {
	return ProxyName(gateway) + "-" + strconv.Itoa(index)
}
