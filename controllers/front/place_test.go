package front

import (
	"reflect"
	"testing"
)

func TestWhatIsLeftElsewhereIsNotForgotten(t *testing.T) {
	at := func(controller, place string, left ...recorded) recorded {
		return recorded{Controller: controller, Place: place, Left: left}
	}
	for _, c := range []struct {
		name, reason string
		before, now  recorded
		want         []recorded
	}{
		{"first", "nothing was there", recorded{}, at("aws", "eu"), nil},
		{"same place", "the front is changed where it is", at("aws", "eu"), at("aws", "eu"), nil},
		{"other region", "the old load balancer must go", at("aws", "eu"), at("aws", "us"), []recorded{at("aws", "eu")}},
		{"other provider", "the old provider's front must go", at("aws", "eu"), at("service", ""), []recorded{at("aws", "eu")}},
		{"unknown before", "nothing is deleted on a guess", at("aws", ""), at("aws", "us"), nil},
		{"unknown now", "nothing is deleted on a guess", at("aws", "eu"), at("aws", ""), nil},
		{"moved on", "two places are left, each once", at("aws", "us", at("aws", "eu")), at("aws", "ap"), []recorded{at("aws", "eu"), at("aws", "us")}},
		{"moved back", "what serves now is not left", at("aws", "us", at("aws", "eu")), at("aws", "eu"), []recorded{at("aws", "us")}},
		{"still moving", "a record that is read again stays", at("aws", "us", at("aws", "eu")), at("aws", "us"), []recorded{at("aws", "eu")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := succeed(c.before, c.now)
			if !reflect.DeepEqual(got.Left, c.want) {
				t.Errorf("left %+v, want %+v: %s", got.Left, c.want, c.reason)
			}
			if got.Controller != c.now.Controller || got.Place != c.now.Place {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}
