package translation

import (
	"maps"

	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Named watches single objects of one kind by name.
type Named interface {
	// Want replaces the set of objects that are watched.
	Want(names map[world.Name]bool)
}

// wantNamed asks for the Secrets, ConfigMaps and ClusterTrustBundles that the World names, and tells whether each was found, or found missing.
func (l *Loop) wantNamed(w *world.World) bool {
	secrets, configMaps, trustBundles := translate.WantedSecrets(w), translate.WantedConfigMaps(w), translate.WantedTrustBundles(w)
	maps.Copy(configMaps, translate.ClientConfigMaps(w))
	l.options.Secrets.Want(secrets)
	l.options.ConfigMaps.Want(configMaps)
	l.options.TrustBundles.Want(trustBundles)
	return lookedFor(w.Secrets, secrets) && lookedFor(w.ConfigMaps, configMaps) && lookedFor(w.TrustBundles, trustBundles)
}

// naming says whether a change may be one of what a World names.
func naming(key world.Key) bool {
	switch key.Kind {
	case world.KindHTTPRoute, world.KindGRPCRoute, world.KindTLSRoute, world.KindTCPRoute, world.KindUDPRoute,
		world.KindService, world.KindMember, world.KindProxies, world.KindFront:
		return false
	default:
		return true
	}
}

func lookedFor[T any](known map[world.Name]T, names map[world.Name]bool) bool {
	for name := range names {
		if _, found := known[name]; !found {
			return false
		}
	}
	return true
}
