package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// Kinds of resources.
const (
	Certificate  stack.Kind = "Certificate"
	LoadBalancer stack.Kind = "LoadBalancer"
	Listener     stack.Kind = "Listener"
	Targets      stack.Kind = "Targets"
)

// CertificateSpec is the Spec of a Certificate, whose name is that of its Secret.
type CertificateSpec struct {
	Fingerprint string `json:"fingerprint"`
}

// LoadBalancerSpec is the Spec of a LoadBalancer. Its scheme cannot change, so that it is the resource's name.
type LoadBalancerSpec struct {
	Scheme string            `json:"scheme"`
	Tags   map[string]string `json:"tags,omitempty"`
}

// ListenerSpec is the Spec of a Listener.
type ListenerSpec struct {
	Port     int32            `json:"port"`
	Protocol ir.FrontProtocol `json:"protocol"`
	// Certificates are names of Secrets.
	Certificates []string         `json:"certificates,omitempty"`
	Weights      map[string]int32 `json:"weights,omitempty"`
}

// TargetsSpec is the Spec of Targets.
type TargetsSpec struct {
	Port      int32    `json:"port"`
	Addresses []string `json:"addresses,omitempty"`
}

// Provider makes fronts in a Cloud.
type Provider struct{ cloud *Cloud }

// New is a Provider on a Cloud.
func New(cloud *Cloud) *Provider { return &Provider{cloud: cloud} }

var _ providers.Provider = (*Provider)(nil)

// Observe reads the owner's resources.
func (p *Provider) Observe(ctx context.Context, front ir.Front) (stack.Observed, error) {
	if err := ctx.Err(); err != nil {
		return stack.Observed{}, err
	}
	return stack.Observed{Resources: p.cloud.observe(front.Owner)}, nil
}

// Render wants a load balancer, a listener and its certificates for each port, and targets for each port and member.
func (p *Provider) Render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem) {
	out := stack.Stack{Owner: front.Owner}
	var tags map[string]string
	scheme := "internal"
	if front.ALB != nil {
		out.Retain = front.ALB.DeletionPolicy == awsv1alpha1.DeletionPolicyRetain
		scheme, tags = front.ALB.Scheme, front.ALB.Tags
	}
	if len(front.Ports) == 0 {
		return out, nil
	}
	front = front.LastGood(func(secret string) bool {
		_, has := have.Get(stack.ID{Kind: Certificate, Name: secret})
		return has
	})
	if len(front.Ports) == 0 {
		for _, h := range have.Resources {
			out.Resources = append(out.Resources, stack.Resource{ID: h.ID, Spec: h.Spec, DependsOn: h.DependsOn})
		}
		return out, nil
	}
	lb := stack.ID{Kind: LoadBalancer, Name: scheme}
	out.Resources = append(out.Resources, stack.Resource{
		ID: lb, Spec: LoadBalancerSpec{Scheme: scheme, Tags: tags}, Replaces: others(have, scheme),
	})
	for _, port := range front.Ports {
		out.Resources = append(out.Resources, renderPort(lb, port, have)...)
	}
	out.Resources = append(out.Resources, certificates(front, have)...)
	stack.Sort(out.Resources)
	return out, nil
}

func renderPort(lb stack.ID, port ir.FrontPort, have stack.Observed) []stack.Resource {
	spec := ListenerSpec{Port: port.Port, Protocol: port.Protocol, Weights: map[string]int32{}}
	needs := []stack.ID{lb}
	for _, c := range port.Certificates {
		spec.Certificates = append(spec.Certificates, c.Secret)
		needs = append(needs, stack.ID{Kind: Certificate, Name: c.Secret})
	}
	listener := stack.ID{Kind: Listener, Name: fmt.Sprintf("%s/%d", lb.Name, port.Port)}
	var out []stack.Resource
	for _, set := range port.Targets {
		spec.Weights[set.Member] = set.Weight
		id := stack.ID{Kind: Targets, Name: listener.Name + "/" + set.Member}
		targets := TargetsSpec{Port: port.Port, Addresses: slices.Clone(set.Addresses)}
		if old, ok := have.Get(id); ok && set.Unknown {
			targets, _ = old.Spec.(TargetsSpec)
		}
		out = append(out, stack.Resource{ID: id, Spec: targets, DependsOn: []stack.ID{lb}})
	}
	return append(out, stack.Resource{ID: listener, Spec: spec, DependsOn: needs})
}

// certificates wants each Secret once. One that is spoilt stays what it is.
func certificates(front ir.Front, have stack.Observed) []stack.Resource {
	found := map[stack.ID]stack.Resource{}
	for _, port := range front.Ports {
		for _, c := range port.Certificates {
			id := stack.ID{Kind: Certificate, Name: c.Secret}
			found[id] = stack.Resource{ID: id, Spec: CertificateSpec{c.Fingerprint}}
			if old, ok := have.Get(id); ok && c.Spoilt {
				found[id] = stack.Resource{ID: id, Spec: old.Spec}
			}
		}
	}
	return slices.Collect(maps.Values(found))
}

// others are observed load balancers of another scheme.
func others(have stack.Observed, scheme string) []stack.ID {
	var out []stack.ID
	for _, r := range have.Resources {
		if r.ID.Kind == LoadBalancer && r.ID.Name != scheme {
			out = append(out, r.ID)
		}
	}
	return out
}

// Apply performs one step.
func (p *Provider) Apply(ctx context.Context, front ir.Front, step plan.Step) (stack.Resource, error) {
	if err := ctx.Err(); err != nil {
		return stack.Resource{}, err
	}
	return p.cloud.apply(front.Owner, step)
}

// Addresses are the names of the active load balancers.
func (p *Provider) Addresses(have stack.Observed) []providers.Address {
	var out []providers.Address
	for _, r := range have.Resources {
		if r.ID.Kind == LoadBalancer && r.State == stack.Active {
			out = append(out, providers.Address{Hostname: r.ID.Name + ".memory.test"})
		}
	}
	return out
}

// Features are those of the proxies.
func (p *Provider) Features() []string { return providers.HTTPFeatures() }
