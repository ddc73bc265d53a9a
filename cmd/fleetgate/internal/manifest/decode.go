package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// place is where an object stands.
type place struct {
	file string
	line int
}

// identity tells objects apart.
type identity struct {
	group  string
	object ir.Object
}

// reader collects a Folder.
type reader struct {
	folder Folder
	seen   map[identity]bool
}

// head is what every object has.
type head struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Items           []json.RawMessage `json:"items"`
}

func (r *reader) document(at place, text string) {
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		r.faultf(at, ir.Object{}, "this is no YAML, the rest of the folder goes on: %s", yamlError(err))
		return
	}
	r.object(at, data)
}

func yamlError(err error) string {
	return strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
}

func (r *reader) object(at place, data []byte) {
	var h head
	if err := json.Unmarshal(data, &h); err != nil {
		r.faultf(at, ir.Object{}, "this is no Kubernetes object: %v", err)
		return
	}
	if h.Kind == "List" || strings.HasSuffix(h.Kind, "List") && h.Items != nil {
		for _, item := range h.Items {
			r.object(at, item)
		}
		return
	}
	group, version, _ := strings.Cut(h.APIVersion, "/")
	if version == "" {
		group, version = "", h.APIVersion
	}
	object := ir.Object{Kind: h.Kind, Namespace: h.Metadata.Namespace, Name: h.Metadata.Name}
	k, known := kinds[groupKind{group, h.Kind}]
	switch {
	case h.Kind == "" || h.APIVersion == "":
		r.faultf(at, object, "apiVersion and kind are needed: the object is left out")
	case h.Metadata.Name == "":
		r.faultf(at, object, "metadata.name is needed: the object is left out")
	case !known:
		if strings.HasSuffix(group, "gateway.networking.k8s.io") || strings.HasSuffix(group, "company.com") {
			r.faultf(at, object, "%s of %s is not supported: the object is left out", h.Kind, h.APIVersion)
		}
	case !k.has(version):
		r.faultf(at, object, "%s has no version %s here: write %s; the object is left out", h.Kind, version, k.versions[0])
	default:
		r.add(at, identity{group, object}, k, data)
	}
}

// add decodes strictly, and keeps an object whose only fault is fields that do not exist.
func (r *reader) add(at place, id identity, k kind, data []byte) {
	if k.namespaced && id.object.Namespace == "" {
		id.object.Namespace = metav1.NamespaceDefault
	}
	if r.seen[id] {
		r.faultf(at, id.object, "declared a second time: the first one counts")
		return
	}
	o := k.make()
	strict, err := kjson.UnmarshalStrict(data, o)
	if err != nil {
		r.faultf(at, id.object, "the object is left out: %s", typeError(err))
		return
	}
	for _, s := range strict {
		r.faultf(at, id.object, "%s", advise(s.Error()))
	}
	r.seen[id] = true
	o.SetNamespace(id.object.Namespace)
	k.keep(&r.folder, o)
}

// typeError words a JSON type error for people who write YAML.
func typeError(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s: a %s stands where %s belongs", t.Field, t.Value, t.Type)
	}
	return err.Error()
}

func (r *reader) faultf(at place, object ir.Object, format string, args ...any) {
	r.folder.Faults = append(r.folder.Faults, Fault{File: at.file, Line: at.line, Object: object, Message: fmt.Sprintf(format, args...)})
}
