package scene

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Providers are those of a Scene. endsTLS says whether there are load balancers of AWS that end TLS before the proxies.
func Providers(endsTLS bool) map[string]world.Provider {
	out := classes.Answered()
	amazon := out[classes.AWS]
	amazon.EndsTLS = endsTLS
	out[classes.AWS] = amazon
	return out
}

// Unanswered is a line for each GatewayClass of the folder that nobody here answers for, and for each Gateway whose class
// the folder lacks: nothing else would be said of either.
func Unanswered(folder manifest.Folder) []string {
	answered := classes.Answered()
	names := strings.Join(slices.Sorted(maps.Keys(answered)), " or ")
	var out []string
	known := map[string]bool{}
	for _, class := range folder.Classes {
		known[class.Name] = true
		if _, ours := answered[string(class.Spec.ControllerName)]; !ours {
			out = append(out, fmt.Sprintf("GatewayClass %s: nobody here answers for controllerName %q, its Gateways are passed over: write %s",
				class.Name, class.Spec.ControllerName, names))
		}
	}
	for _, gateway := range folder.Gateways {
		if class := string(gateway.Spec.GatewayClassName); !known[class] {
			out = append(out, fmt.Sprintf("Gateway %s/%s: there is no GatewayClass %q in the folder: add it, with controllerName %s",
				gateway.Namespace, gateway.Name, class, names))
		}
	}
	return out
}
