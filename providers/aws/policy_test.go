package aws_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// beyondCalls are actions that IAM wants besides those of the calls themselves.
var beyondCalls = map[string]string{
	"elasticloadbalancing:SetWebACL": "AssociateWebACL needs it on the load balancer",
	"iam:CreateServiceLinkedRole":    "the first load balancer of an account makes the service's role",
}

var serviceOf = map[string]string{
	"elb": "elasticloadbalancing", "ec2": "ec2", "acm": "acm", "wafv2": "wafv2",
}

// callsOfSDK are the calls that sdk.go declares, as IAM names them.
func callsOfSDK(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "sdk.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		i, ok := n.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, m := range i.Methods.List {
			call, ok := m.Type.(*ast.FuncType)
			if !ok {
				continue
			}
			input := call.Params.List[1].Type.(*ast.StarExpr).X.(*ast.SelectorExpr)
			out = append(out, serviceOf[input.X.(*ast.Ident).Name]+":"+m.Names[0].Name)
		}
		return true
	})
	return out
}

func TestPolicyAllowsWhatIsCalledAndNoMore(t *testing.T) {
	raw, err := os.ReadFile("iam-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Sid       string
			Action    []string
			Condition map[string]any
			Resource  any
		}
	}
	if err := json.Unmarshal(raw, &policy); err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, s := range policy.Statement {
		for _, a := range s.Action {
			allowed[a] = true
			reads := strings.Contains(a, ":Describe") || strings.Contains(a, ":List") || strings.Contains(a, ":Get")
			if !reads && s.Condition == nil && s.Resource == "*" {
				t.Errorf("%s allows %s on everything, without a condition", s.Sid, a)
			}
		}
	}
	calls := callsOfSDK(t)
	if len(calls) < 40 {
		t.Fatalf("only %d calls were found in sdk.go", len(calls))
	}
	for _, c := range calls {
		if !allowed[c] {
			t.Errorf("the policy does not allow %s, which is called", c)
		}
	}
	for a := range allowed {
		if !slices.Contains(calls, a) && beyondCalls[a] == "" {
			t.Errorf("the policy allows %s, which is never called", a)
		}
	}
}
