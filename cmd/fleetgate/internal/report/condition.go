// Package report words for people how things are.
package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
)

// Row is one condition of one object.
type Row struct {
	// Object is "Kind namespace/name".
	Object string `json:"object"`
	// Part is the listener or the parent that is meant, or "".
	Part    string `json:"part,omitempty"`
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
}

// Rows are all conditions, in the order of the patches.
func Rows(patches []status.Patch) []Row {
	var out []Row
	for _, p := range patches {
		object := string(p.Key.Kind) + " " + p.Key.Name.String()
		add := func(part string, conditions []metav1.Condition) {
			for _, c := range conditions {
				out = append(out, Row{object, part, c.Type, string(c.Status), c.Reason, c.Message})
			}
		}
		add("", p.Conditions)
		for _, l := range p.Listeners {
			add("listener "+string(l.Name), l.Conditions)
		}
		for _, l := range p.Entries {
			add("listener "+string(l.Name), l.Conditions)
		}
		for _, parent := range p.Parents {
			add("parent "+parentName(parent.ParentRef), parent.Conditions)
		}
	}
	return out
}

func parentName(ref gatewayv1.ParentReference) string {
	text := string(ref.Name)
	if ref.Namespace != nil {
		text = string(*ref.Namespace) + "/" + text
	}
	if ref.SectionName != nil {
		text += "/" + string(*ref.SectionName)
	}
	return text
}

// faults are the types of condition that tell of something amiss when they are true; others do when they are not.
var faults = map[string]bool{
	string(gatewayv1.ListenerConditionConflicted):                    true,
	string(gatewayv1.RouteConditionPartiallyInvalid):                 true,
	string(gatewayv1.ListenerConditionOverlappingTLSConfig):          true,
	string(gatewayv1.GatewayConditionInsecureFrontendValidationMode): true,
	ir.AdviceType: true,
}

// Amiss says whether the condition tells of something to mend.
func (r Row) Amiss() bool {
	return faults[r.Type] == (r.Status == string(metav1.ConditionTrue))
}

// Amiss are the rows that tell of something to mend.
func Amiss(rows []Row) []Row {
	var out []Row
	for _, r := range rows {
		if r.Amiss() {
			out = append(out, r)
		}
	}
	return out
}

// Table writes rows with a heading.
func Table(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OBJECT\tPART\tCONDITION\tSTATUS\tREASON\tMESSAGE")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Object, r.Part, r.Type, r.Status, r.Reason, oneLine(r.Message))
	}
	return t.Flush()
}

// String is the row as a sentence.
func (r Row) String() string {
	object := r.Object
	if r.Part != "" {
		object += " (" + r.Part + ")"
	}
	return fmt.Sprintf("%s: %s=%s, %s: %s", object, r.Type, r.Status, r.Reason, oneLine(r.Message))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
