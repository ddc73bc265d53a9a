// Package v1alpha1 is dataplane.gateway.company.com/v1alpha1: what the operator writes into members for
// the proxies there. It is internal: the operator alone writes these objects, and users do not edit them.
//
// +kubebuilder:object:generate=true
// +groupName=dataplane.gateway.company.com
package v1alpha1
