package emulator

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// The AWS Query and EC2 Query protocols flatten a structure into form fields: "Tags.member.1.Key" in the
// first, "Tag.1.Key" in the second. Both are read here: a "member" level is skipped where it is found.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
// https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html

// formNode is one level of a dotted form field.
type formNode struct {
	value string
	set   bool
	kids  map[string]*formNode
}

func parseForm(form url.Values) *formNode {
	root := &formNode{}
	for key, values := range form {
		at := root
		for part := range strings.SplitSeq(key, ".") {
			at = at.kid(part)
		}
		if len(values) > 0 {
			at.value, at.set = values[0], true
		}
	}
	return root
}

func (n *formNode) kid(name string) *formNode {
	if n.kids == nil {
		n.kids = map[string]*formNode{}
	}
	k := n.kids[name]
	if k == nil {
		k = &formNode{}
		n.kids[name] = k
	}
	return k
}

// items are the members of a list in the order of their numbers.
func (n *formNode) items() []*formNode {
	from := n
	if m, ok := n.kids["member"]; ok {
		from = m
	}
	var numbers []int
	for name := range from.kids {
		if i, err := strconv.Atoi(name); err == nil {
			numbers = append(numbers, i)
		}
	}
	slices.Sort(numbers)
	out := make([]*formNode, 0, len(numbers))
	for _, i := range numbers {
		out = append(out, from.kids[strconv.Itoa(i)])
	}
	return out
}

// decodeForm fills the struct that into points to; a field's form name is its `q` tag, or else its own name.
func decodeForm(n *formNode, into any) error {
	return n.fill(reflect.ValueOf(into).Elem(), "")
}

func (n *formNode) fill(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return n.fill(v.Elem(), path)
	case reflect.Struct:
		return n.fillStruct(v, path)
	case reflect.Slice:
		items := n.items()
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := item.fill(v.Index(i), fmt.Sprintf("%s.%d", path, i+1)); err != nil {
				return err
			}
		}
		return nil
	case reflect.String:
		v.SetString(n.value)
		return nil
	case reflect.Int:
		i, err := strconv.Atoi(n.value)
		if err != nil {
			return fmt.Errorf("%s: %q is not a number", path, n.value)
		}
		v.SetInt(int64(i))
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(n.value)
		if err != nil {
			return fmt.Errorf("%s: %q is not a boolean", path, n.value)
		}
		v.SetBool(b)
		return nil
	default:
		return fmt.Errorf("%s: a %s has no form", path, v.Kind())
	}
}

func (n *formNode) fillStruct(v reflect.Value, path string) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if err := n.fillStruct(v.Field(i), path); err != nil {
				return err
			}
			continue
		}
		name := field.Name
		if tag := field.Tag.Get("q"); tag != "" {
			name = tag
		}
		kid, ok := n.kids[name]
		if !ok {
			continue
		}
		if err := kid.fill(v.Field(i), strings.TrimPrefix(path+"."+name, ".")); err != nil {
			return err
		}
	}
	return nil
}
