package translate

import (
	"maps"
	"slices"
	"strings"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Kinds of parameters that this package can read.
const (
	albKind     = "ALBConfig"
	serviceKind = "ServiceConfig"
)

// reference is a parametersRef of a GatewayClass or a Gateway.
type reference struct {
	group string
	kind  string
	name  string
}

// parameterKey names parameters among those of all kinds.
type parameterKey struct {
	kind string
	name string
}

func (t *translator) allParameters() []*ir.Parameters {
	out := make([]*ir.Parameters, 0, len(t.w.ALBConfigs)+len(t.w.ServiceConfigs))
	for _, name := range slices.Sorted(maps.Keys(t.w.ALBConfigs)) {
		object := t.w.ALBConfigs[name]
		out = append(out, t.checked(albKind, name, object.Generation, checkALB(&object.Spec)))
	}
	for _, name := range slices.Sorted(maps.Keys(t.w.ServiceConfigs)) {
		object := t.w.ServiceConfigs[name]
		out = append(out, t.checked(serviceKind, name, object.Generation, checkService(&object.Spec)))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// checked notes parameters and their faults.
func (t *translator) checked(kind, name string, generation int64, faults []string) *ir.Parameters {
	out := &ir.Parameters{Kind: kind, Name: name, Generation: generation}
	for _, message := range faults {
		out.Problems = append(out.Problems, ir.InvalidParameters.Problem(ir.Object{Kind: kind, Name: name}, "%s", message))
	}
	t.parameters[parameterKey{kind, name}] = out
	return out
}

// checkReference says why a parametersRef at a field of an object cannot be used.
func (t *translator) checkReference(object ir.Object, field string, provider world.Provider, ref reference) []ir.Problem {
	refuse := func(format string, args ...any) []ir.Problem {
		return []ir.Problem{ir.InvalidParameters.Problem(object, field+format, args...)}
	}
	switch {
	case provider.Kind == "":
		return refuse(": classes of this controller take no parameters: remove %s", field)
	case ref.group != provider.Group:
		return refuse(".group: %q is not %q: set group: %s", ref.group, provider.Group, provider.Group)
	case ref.kind != provider.Kind:
		return refuse(".kind: %q is not %q: set kind: %s", ref.kind, provider.Kind, provider.Kind)
	case provider.Kind != albKind && provider.Kind != serviceKind:
		return nil
	}
	parameters := t.parameters[parameterKey{ref.kind, ref.name}]
	if parameters == nil {
		return refuse(".name: %s %s does not exist: create it, or correct the name", ref.kind, ref.name)
	}
	if len(parameters.Problems) > 0 {
		messages := make([]string, 0, len(parameters.Problems))
		for _, problem := range parameters.Problems {
			messages = append(messages, problem.Message)
		}
		return refuse(": %s %s is invalid: %s", ref.kind, ref.name, strings.Join(messages, "; "))
	}
	return nil
}

// albSpec is the spec that a valid reference leads to, with defaults; the defaults alone without a reference.
func (t *translator) albSpec(ref *reference) *awsv1alpha1.ALBConfigSpec {
	spec := awsv1alpha1.ALBConfigSpec{}
	if ref != nil {
		if object := t.w.ALBConfigs[ref.name]; object != nil {
			spec = *object.Spec.DeepCopy()
		}
	}
	fillALB(&spec)
	return &spec
}

// serviceSpec is the spec that a valid reference leads to, with defaults; the defaults alone without a reference.
func (t *translator) serviceSpec(ref *reference) *gatewayv1alpha1.ServiceConfigSpec {
	spec := gatewayv1alpha1.ServiceConfigSpec{}
	if ref != nil {
		if object := t.w.ServiceConfigs[ref.name]; object != nil {
			spec = *object.Spec.DeepCopy()
		}
	}
	fillService(&spec)
	return &spec
}
