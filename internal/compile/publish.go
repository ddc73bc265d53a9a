package compile

import (
	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

// Write is one object to write into a member, or to delete from it.
type Write struct {
	// Stage counts up from 0. Writes of one stage may be done in any order, once all of the stages before are.
	Stage int
	// Delete says that only Object's name and namespace matter.
	Delete bool
	Object dataplanev1alpha1.ProxyConfig
}

// Writes are what makes a member's ProxyConfigs of one Gateway equal to want, in the order in which no proxy
// ever sees a root whose chunks lack a route: when the number of chunks grows, new chunks come first, then
// the root, then those that shrink; when it falls, chunks that take routes in come first, then the root,
// then the deletions. What is equal already is not written. want may be empty: all goes, the root first.
func Writes(have, want []dataplanev1alpha1.ProxyConfig) []Write {
	have, want = differing(have, want)
	held := map[string]dataplanev1alpha1.ProxyConfig{}
	before := 0
	for _, object := range have {
		held[object.Name] = object
		if object.Spec.Part == dataplanev1alpha1.PartChunk {
			before = max(before, int(object.Spec.Index)+1)
		}
	}
	var roots, fresh, known, gone []Write
	for _, object := range want {
		old, found := held[object.Name]
		delete(held, object.Name)
		if found && Same(old.Spec, object.Spec) {
			continue
		}
		write := Write{Object: object}
		switch {
		case object.Spec.Part == dataplanev1alpha1.PartRoot:
			roots = append(roots, write)
		case !found && before > 0:
			fresh = append(fresh, write)
		default:
			known = append(known, write)
		}
	}
	for _, object := range have {
		if _, left := held[object.Name]; left {
			gone = append(gone, Write{Delete: true, Object: object})
		}
	}
	return order(roots, fresh, known, gone, len(want)-1 > before && before > 0)
}

// Chunks are the numbers in want of those objects that differ from the ones in have. The second answer is false if they are not all
// of what has to be written, or if its order matters: see Writes for that. Chunks that are in have already may be written in any order.
func Chunks(have, want []dataplanev1alpha1.ProxyConfig) ([]int, bool) {
	if len(have) != len(want) {
		return nil, false
	}
	var changed []int
	for i := range want {
		if have[i].Name != want[i].Name {
			return nil, false
		}
		if Same(have[i].Spec, want[i].Spec) {
			continue
		}
		if want[i].Spec.Part != dataplanev1alpha1.PartChunk {
			return nil, false
		}
		changed = append(changed, i)
	}
	return changed, true
}

// differing leaves out what is equal, if both have the same names in the same order: there are usually a thousand chunks, and
// one of them changed.
func differing(have, want []dataplanev1alpha1.ProxyConfig) (_, _ []dataplanev1alpha1.ProxyConfig) {
	if len(have) != len(want) {
		return have, want
	}
	var before, after []dataplanev1alpha1.ProxyConfig
	for i := range want {
		if have[i].Name != want[i].Name {
			return have, want
		}
		if !Same(have[i].Spec, want[i].Spec) {
			before, after = append(before, have[i]), append(after, want[i])
		}
	}
	return before, after
}

func order(roots, fresh, known, gone []Write, grows bool) []Write {
	stages := [][]Write{fresh, known, roots, gone}
	if grows {
		stages = [][]Write{fresh, roots, known, gone}
	}
	var out []Write
	for stage, writes := range stages {
		for _, write := range writes {
			write.Stage = stage
			out = append(out, write)
		}
	}
	return out
}

// Same says whether two objects carry the same: the checksum stands for the data.
func Same(a, b dataplanev1alpha1.ProxyConfigSpec) bool {
	return a.Checksum == b.Checksum && a.Version == b.Version && a.Gateway == b.Gateway &&
		a.GatewayGeneration == b.GatewayGeneration && a.Part == b.Part && a.Index == b.Index
}
