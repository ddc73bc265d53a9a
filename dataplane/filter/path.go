package filter

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// EditPath gives the path after an edit. The prefix is the one that the rule matched, "" if it
// matched otherwise, in which case a prefix is not replaced. The result is in normal form and
// never leads out of what the edit put in front; if it cannot be so, ok is false.
func EditPath(path, prefix string, edit *config.PathEdit) (string, bool) {
	switch {
	case edit == nil:
		return path, true
	case edit.Full != nil:
		return normal(*edit.Full)
	case edit.Prefix == nil || prefix == "":
		return path, true
	}
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
	if !ok {
		return path, true
	}
	replacement := *edit.Prefix
	if rest != "" && strings.HasSuffix(replacement, "/") {
		replacement = strings.TrimRight(replacement, "/")
	}
	return normal(replacement + rest)
}

func normal(path string) (string, bool) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	path, err := router.NormalPath(path)
	return path, err == nil
}
