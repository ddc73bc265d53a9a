package ir_test

import (
	"reflect"
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// TestSameListenersLooksAtEveryField changes the fields of a listener one by one, those of structs in it too.
func TestSameListenersLooksAtEveryField(t *testing.T) {
	var each func(of reflect.Type, at []int, path string)
	each = func(of reflect.Type, at []int, path string) {
		for i := range of.NumField() {
			field := of.Field(i)
			place := append(append([]int{}, at...), i)
			if field.Type.Kind() == reflect.Struct {
				each(field.Type, place, path+field.Name+".")
				continue
			}
			var one, other ir.Listener
			set(t, reflect.ValueOf(&other).Elem().FieldByIndex(place))
			if ir.SameListeners([]ir.Listener{one}, []ir.Listener{other}) {
				t.Errorf("%s%s may differ unseen", path, field.Name)
			}
			if again := other; !ir.SameListeners([]ir.Listener{again}, []ir.Listener{other}) {
				t.Errorf("%s%s differs from itself", path, field.Name)
			}
		}
	}
	each(reflect.TypeFor[ir.Listener](), nil, "")
	if ir.SameListeners(nil, make([]ir.Listener, 1)) {
		t.Error("none is as good as one")
	}
}

// set gives a field another value than zero.
func set(t *testing.T, field reflect.Value) {
	t.Helper()
	switch field.Kind() {
	case reflect.String:
		field.SetString("other")
	case reflect.Bool:
		field.SetBool(true)
	case reflect.Int32:
		field.SetInt(7)
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
	default:
		t.Fatalf("no other value of a %s is known", field.Kind())
	}
}
