package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// Changes names the fields in which two Specs differ by their JSON: sorted paths, with a list as one field.
func Changes(have, want any) []string {
	var out []string
	compare("", tree(have), tree(want), &out)
	slices.Sort(out)
	return out
}

func compare(path string, have, want any, out *[]string) {
	h, hok := have.(map[string]any)
	w, wok := want.(map[string]any)
	if !hok || !wok {
		if !reflect.DeepEqual(have, want) {
			*out = append(*out, cmpPath(path))
		}
		return
	}
	for key, hv := range h {
		compare(join(path, key), hv, w[key], out)
	}
	for key, wv := range w {
		if _, both := h[key]; !both {
			compare(join(path, key), nil, wv, out)
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// cmpPath names the whole Spec when there is no field to name.
func cmpPath(path string) string {
	if path == "" {
		return "."
	}
	return path
}

// tree is a Spec as JSON holds it, with numbers kept as they are written.
func tree(spec any) any {
	raw, err := json.Marshal(spec)
	if err != nil {
		return fmt.Sprintf("%#v", spec)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return string(raw)
	}
	return out
}
