package translate

import (
	"maps"
	"slices"
	"strings"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// albKind is the kind of parameters that this package can read.
const albKind = "ALBConfig"

// reference is a parametersRef of a GatewayClass or a Gateway.
type reference struct {
	group string
	kind  string
	name  string
}

func (t *translator) allParameters() []*ir.Parameters {
	var out []*ir.Parameters
	for _, name := range slices.Sorted(maps.Keys(t.w.ALBConfigs)) {
		object := t.w.ALBConfigs[name]
		parameters := &ir.Parameters{Name: name, Generation: object.Generation}
		for _, message := range checkALB(&object.Spec) {
			parameters.Problems = append(parameters.Problems,
				ir.InvalidParameters.Problem(ir.Object{Kind: albKind, Name: name}, "%s", message))
		}
		t.albs[name] = parameters
		out = append(out, parameters)
	}
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
	case provider.Kind != albKind:
		return nil
	}
	parameters := t.albs[ref.name]
	if parameters == nil {
		return refuse(".name: ALBConfig %s does not exist: create it, or correct the name", ref.name)
	}
	if len(parameters.Problems) > 0 {
		messages := make([]string, 0, len(parameters.Problems))
		for _, problem := range parameters.Problems {
			messages = append(messages, problem.Message)
		}
		return refuse(": ALBConfig %s is invalid: %s", ref.name, strings.Join(messages, "; "))
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
