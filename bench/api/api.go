// Package api is as much of an API server as a proxy needs: it lists and watches objects that never
// change, in the formats that a real one speaks.
package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	"k8s.io/apimachinery/pkg/watch"
	restwatch "k8s.io/client-go/rest/watch"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

// Server is an http.Handler.
type Server struct {
	codecs  serializer.CodecFactory
	objects map[string][]runtime.Object // by "namespace/resource"
}

// version is the resource version of everything.
const version = "1"

var errKind = errors.New("not an object that is served")

// New makes a Server of ProxyConfigs and EndpointSlices.
func New(objects []runtime.Object) (*Server, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, dataplanev1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	s := &Server{codecs: serializer.NewCodecFactory(scheme), objects: map[string][]runtime.Object{}}
	for _, object := range objects {
		var place string
		switch o := object.(type) {
		case *dataplanev1alpha1.ProxyConfig:
			place = o.Namespace + "/proxyconfigs"
			o.ResourceVersion = version
		case *discoveryv1.EndpointSlice:
			place = o.Namespace + "/endpointslices"
			o.ResourceVersion = version
		default:
			return nil, fmt.Errorf("%w: %T", errKind, object)
		}
		s.objects[place] = append(s.objects[place], object)
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	group, place, ok := strings.Cut(r.URL.Path, "/namespaces/")
	switch {
	case !ok:
		http.NotFound(w, r)
	case r.Method == http.MethodPatch:
		w.Header().Set("Content-Type", runtime.ContentTypeJSON)
		_ = json.NewEncoder(w).Encode(metav1.Status{ // the client may be gone
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		})
	case r.URL.Query().Get("watch") != "true":
		http.Error(w, "only watches are served", http.StatusMethodNotAllowed)
	default:
		s.watch(w, r, groupVersion(group), place)
	}
}

// watch streams all objects if it is asked to, tells that these are all, and then waits.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, served schema.GroupVersion, place string) {
	info := s.format(r.Header.Get("Accept"))
	w.Header().Set("Content-Type", info.MediaType+";stream=watch")
	frames := info.StreamSerializer.NewFrameWriter(w)
	encoder := restwatch.NewEncoder(streaming.NewEncoder(frames, info.StreamSerializer.Serializer),
		s.codecs.EncoderForVersion(info.Serializer, served))
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, object := range s.objects[place] {
			if encoder.Encode(&watch.Event{Type: watch.Added, Object: object}) != nil {
				return
			}
		}
		if encoder.Encode(&watch.Event{Type: watch.Bookmark, Object: bookmark(place)}) != nil {
			return
		}
	}
	_ = http.NewResponseController(w).Flush() // the client may be gone
	<-r.Context().Done()
}

// bookmark ends the objects that there are.
func bookmark(place string) runtime.Object {
	meta := metav1.ObjectMeta{ResourceVersion: version, Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}
	switch {
	case strings.HasSuffix(place, "/proxyconfigs"):
		return &dataplanev1alpha1.ProxyConfig{ObjectMeta: meta}
	case strings.HasSuffix(place, "/secrets"):
		return &corev1.Secret{ObjectMeta: meta}
	}
	return &discoveryv1.EndpointSlice{ObjectMeta: meta}
}

// groupVersion is that of a path such as "/apis/discovery.k8s.io/v1".
func groupVersion(path string) schema.GroupVersion {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) == 3 {
		return schema.GroupVersion{Group: parts[1], Version: parts[2]}
	}
	return schema.GroupVersion{Version: parts[len(parts)-1]}
}

// format is the one that the client likes best.
func (s *Server) format(accept string) runtime.SerializerInfo {
	all := s.codecs.SupportedMediaTypes()
	for wanted := range strings.SplitSeq(accept, ",") {
		wanted, _, _ = strings.Cut(strings.TrimSpace(wanted), ";")
		if info, ok := runtime.SerializerInfoForMediaType(all, wanted); ok {
			return info
		}
	}
	info, _ := runtime.SerializerInfoForMediaType(all, runtime.ContentTypeJSON)
	return info
}
