package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceConfig holds the parameters of a GatewayClass whose Gateways are reached through Services.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=svcconfig
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ServiceConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ServiceConfigSpec `json:"spec"`
	// +optional
	Status ServiceConfigStatus `json:"status,omitempty"`
}

// ServiceConfigList is a list of ServiceConfigs.
//
// +kubebuilder:object:root=true
type ServiceConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ServiceConfig `json:"items"`
}

// ServiceConfigSpec says how the Services of a class are made: one in each member that is placed, or one for each
// address that is asked for.
//
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerClass) || !has(self.type) || self.type == 'LoadBalancer'",message="loadBalancerClass needs type: LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.addresses) || !has(self.type) || self.type == 'LoadBalancer'",message="addresses needs type: LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.addressPool) || !has(self.type) || self.type == 'LoadBalancer'",message="addressPool needs type: LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.externalTrafficPolicy) || !has(self.type) || self.type != 'ClusterIP'",message="externalTrafficPolicy needs type: LoadBalancer or NodePort"
type ServiceConfigSpec struct {
	// type of the Service. The addresses of a Gateway are those that the load balancer gets (LoadBalancer), those
	// of the nodes that run its proxies (NodePort), or the cluster's own (ClusterIP). With NodePort a listener is
	// reached at its own port if that is one that the cluster uses for nodes; else Kubernetes chooses a port.
	// +optional
	// +kubebuilder:validation:Enum=LoadBalancer;NodePort;ClusterIP
	// +kubebuilder:default=LoadBalancer
	Type string `json:"type,omitempty"`
	// loadBalancerClass of the Service. A change makes a new Service, and removes the old one when that serves.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	LoadBalancerClass string `json:"loadBalancerClass,omitempty"`
	// annotations of the Service. Those of a Gateway's spec.infrastructure go before them. Keys that begin with
	// gateway.company.com/ are reserved.
	// +optional
	// +kubebuilder:validation:MaxProperties=50
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('gateway.company.com/'))",message="annotation keys that begin with gateway.company.com/ are reserved: use another key"
	Annotations map[string]string `json:"annotations,omitempty"`
	// externalTrafficPolicy of the Service. Local keeps the client's address. Default: Cluster.
	// +optional
	// +kubebuilder:validation:Enum=Local;Cluster
	ExternalTrafficPolicy string `json:"externalTrafficPolicy,omitempty"`
	// addresses that the load balancers are asked for, when the Gateway itself names none. They are dealt out to
	// the members that are placed, in the order of the members' names.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="self.all(a, isIP(a))",message="an address is an IP address such as 192.0.2.10 or 2001:db8::10"
	// +listType=set
	Addresses []string `json:"addresses,omitempty"`
	// addressPool that addresses are taken from which nobody asked for by value.
	// +optional
	AddressPool *AddressPool `json:"addressPool,omitempty"`
	// placement chooses the members that get proxies and Services. Default: all.
	// +optional
	Placement *Placement `json:"placement,omitempty"`
}

// AddressPool names a pool of a load balancer's addresses. Kubernetes has no field for it: controllers read an annotation.
type AddressPool struct {
	// name of the pool.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// annotation by which the load balancer's controller is told the pool. Default: MetalLB's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:default="metallb.io/address-pool"
	Annotation string `json:"annotation,omitempty"`
}

// Placement chooses members.
type Placement struct {
	// clusterSelector matches the labels of members' Cluster objects; empty matches all.
	// +optional
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`
}

// ServiceConfigStatus says whether the parameters can be used.
type ServiceConfigStatus struct {
	// conditions: Accepted.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
