package aws

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// Tags that tell whose a resource is. All four are on everything that is made.
const (
	TagHub      = "gateway.company.com/hub"
	TagUID      = "gateway.company.com/gateway-uid"
	TagGateway  = "gateway.company.com/gateway"
	TagResource = "gateway.company.com/resource"
	// TagFingerprint on a certificate is that of the leaf that was imported last.
	TagFingerprint = "gateway.company.com/fingerprint"
	// TagWebACL on a load balancer is the web ACL that we associated with it.
	TagWebACL = "gateway.company.com/web-acl"
)

// tagNodeGroup begins the tag on security groups of a member's nodes; the member's name follows.
const tagNodeGroup = "kubernetes.io/cluster/"

// ownerPrefix begins the names of an owner's resources. A name proves nothing, the tags do; but it finds candidates.
func ownerPrefix(o ir.Owner) string { return "fg-" + digest(o.Hub+"\x00"+o.UID, 12) + "-" }

// cloudName is the name of a resource where AWS wants one: 26 of at most 32 characters.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func cloudName(o ir.Owner, id stack.ID) string { return ownerPrefix(o) + digest(id.String(), 10) }

func digest(s string, n int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:n]
}

// clip shortens what could be too long for a tag's value, of at most 256 characters.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most-13] + "-" + digest(s, 12)
}

// ownerTags are the tags of a resource: whose it is, and the user's own.
func ownerTags(o ir.Owner, id stack.ID, user map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, user)
	out[TagHub], out[TagUID] = o.Hub, o.UID
	out[TagGateway] = clip(o.Namespace + "/" + o.Name)
	out[TagResource] = id.String()
	return out
}

func owned(o ir.Owner, tags map[string]string) bool {
	return tags[TagHub] == o.Hub && tags[TagUID] == o.UID
}

// idFrom reads the ID back from the tags.
func idFrom(tags map[string]string, kind stack.Kind) (stack.ID, bool) {
	name, ok := strings.CutPrefix(tags[TagResource], string(kind)+" ")
	return stack.ID{Kind: kind, Name: name}, ok && name != ""
}

// declared keeps those entries of a map whose keys are wanted: others are not ours to change.
func declared(have, want map[string]string) map[string]string {
	var out map[string]string
	for k := range want {
		if v, ok := have[k]; ok {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = v
		}
	}
	return out
}

// Names of the security groups, of the web ACL, and of what belongs to a load balancer.
const (
	groupFront   = "front"
	groupBackend = "backend"
	webACLName   = "baseline"
)

func listenerName(lb string, port int32) string { return fmt.Sprintf("%s/%d", lb, port) }

func targetGroupName(lb string, port int32, member string) string {
	return clip(fmt.Sprintf("%s/%d/%s", lb, port, member))
}

func ruleName(r RuleSpec) string {
	return fmt.Sprintf("%s/%d/%s%s", r.Group, r.Port, r.CIDR, r.Source)
}
