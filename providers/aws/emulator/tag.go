package emulator

import (
	"maps"
	"slices"
	"strings"
)

// tag is a tag as ELBv2, ACM and WAFv2 write it; EC2 has it in lower case.
type tag struct {
	Key   string
	Value string
}

// maxTags is AWS's limit for one resource.
const maxTags = 50

func tagList(tags map[string]string) []tag {
	out := make([]tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, tag{k, tags[k]})
	}
	return out
}

// tagErrors are the codes by which a service refuses tags.
type tagErrors struct{ duplicate, invalid, tooMany string }

// merge is the old tags with the new ones over them, or why AWS would not have them.
func (e tagErrors) merge(old map[string]string, list []tag) (map[string]string, error) {
	out := maps.Clone(old)
	if out == nil {
		out = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range list {
		switch {
		case seen[t.Key]:
			return nil, fail(e.duplicate, "Duplicate tag keys found: %s", t.Key)
		case t.Key == "" || len(t.Key) > 128 || len(t.Value) > 256:
			return nil, fail(e.invalid, "the tag %q is empty or too long", t.Key)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, fail(e.invalid, "aws: prefixed tag key names are not allowed for external use: %s", t.Key)
		}
		seen[t.Key] = true
		out[t.Key] = t.Value
	}
	if len(out) > maxTags {
		return nil, fail(e.tooMany, "The quota of %d tags for the resource has been exceeded", maxTags)
	}
	return out, nil
}
