// Package v1alpha1 is gateway.aws.company.com/v1alpha1: parameters of GatewayClasses whose fronts are AWS load balancers.
//
// +kubebuilder:object:generate=true
// +groupName=gateway.aws.company.com
package v1alpha1
