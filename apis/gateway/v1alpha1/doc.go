// Package v1alpha1 is gateway.company.com/v1alpha1: parameters and policies that belong to no cloud vendor.
//
// +kubebuilder:object:generate=true
// +groupName=gateway.company.com
package v1alpha1
