package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LabelProxy is the label that all ProxyConfigs of a Gateway share; its value is the name of the proxy
// Deployment, at most 63 characters (a Gateway's own name may have 253).
const LabelProxy = "dataplane.gateway.company.com/proxy"

// LabelHub is on everything that the operator makes in a member; its value is the id of the hub. What has both
// labels goes with the proxies of that name, at the latest when the member can be asked again.
const LabelHub = "gateway.company.com/hub"

// LabelGatewayUID is on the Services of a front that is made inside the members; its value is the Gateway's UID.
const LabelGatewayUID = "gateway.company.com/gateway-uid"

// AnnotationGateway says which Gateway of its namespace an object was made for.
const AnnotationGateway = "gateway.company.com/gateway"

// ProxyConfig is a part of the configuration of one Gateway's proxies in this cluster: the root
// (listeners) or one chunk (routes). The root has the name of the proxy Deployment, chunk N that name and "-N".
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=proxycfg
// +kubebuilder:printcolumn:name="Gateway",type=string,JSONPath=`.spec.gateway`
// +kubebuilder:printcolumn:name="Part",type=string,JSONPath=`.spec.part`
// +kubebuilder:printcolumn:name="Generation",type=integer,JSONPath=`.spec.gatewayGeneration`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ProxyConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ProxyConfigSpec `json:"spec"`
	// +optional
	Status ProxyConfigStatus `json:"status,omitempty"`
}

// ProxyConfigList is a list of ProxyConfigs.
//
// +kubebuilder:object:root=true
type ProxyConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ProxyConfig `json:"items"`
}

// Part tells a root from a chunk.
//
// +kubebuilder:validation:Enum=Root;Chunk
type Part string

// Parts of a configuration.
const (
	PartRoot  Part = "Root"
	PartChunk Part = "Chunk"
)

// ProxyConfigSpec carries one encoded part.
type ProxyConfigSpec struct {
	// gateway is the name of the Gateway in this namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Gateway string `json:"gateway"`
	// part is Root or Chunk.
	// +required
	Part Part `json:"part"`
	// index of the chunk, from 0; 0 for the root.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Index int32 `json:"index,omitempty"`
	// version of the format of data.
	// +required
	// +kubebuilder:validation:Minimum=1
	Version int32 `json:"version"`
	// gatewayGeneration is the generation of the Gateway that the root was made from; 0 for chunks.
	// +optional
	// +kubebuilder:validation:Minimum=0
	GatewayGeneration int64 `json:"gatewayGeneration,omitempty"`
	// checksum is the SHA-256 of data in hexadecimal.
	// +required
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	Checksum string `json:"checksum"`
	// data is the gzip-compressed JSON of the part.
	// +required
	// +kubebuilder:validation:MaxLength=1400000
	Data []byte `json:"data"`
}

// ProxyConfigStatus is written by the proxies, on the root alone, when a root of another revision is in force.
type ProxyConfigStatus struct {
	// proxies that have a root in force, by pod name.
	// +optional
	// +listType=map
	// +listMapKey=name
	Proxies []ProxyStatus `json:"proxies,omitempty"`
}

// ProxyStatus is what one proxy has in force.
type ProxyStatus struct {
	// name of the pod.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// gatewayGeneration of the root in force.
	// +required
	GatewayGeneration int64 `json:"gatewayGeneration"`
	// revision of the root in force; proxies that were made before there were revisions have none.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Revision string `json:"revision,omitempty"`
}
