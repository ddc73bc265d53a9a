package conformance

import (
	"net/netip"
	"net/url"
	"slices"
	"testing"

	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
)

// recorder notes where requests go.
type recorder struct{ hosts, names []string }

func (r *recorder) CaptureRoundTrip(request roundtripper.Request) (*roundtripper.CapturedRequest, *roundtripper.CapturedResponse, error) {
	r.hosts, r.names = append(r.hosts, request.URL.Host), append(r.names, request.Host)
	return nil, nil, nil
}

func TestTurns(t *testing.T) {
	all := []string{"10.0.0.3", "10.0.0.1"}
	seen := &recorder{}
	trip := &turns{RoundTripper: seen, members: 3, addresses: func(string) ([]string, error) { return slices.Clone(all), nil }}
	request := roundtripper.Request{T: t, URL: url.URL{Scheme: "http", Host: "10.0.0.3:8080"}}
	if _, _, err := trip.CaptureRoundTrip(request); err == nil {
		t.Fatal("no error while a member has no address")
	}
	all = append(all, "10.0.0.2")
	for range 4 {
		if _, _, err := trip.CaptureRoundTrip(request); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("another test starts anew", func(t *testing.T) {
		request.T, request.Host, request.URL.Host = t, "a.example", "10.0.0.3"
		if _, _, err := trip.CaptureRoundTrip(request); err != nil {
			t.Fatal(err)
		}
	})
	if want := []string{"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080", "10.0.0.1:8080", "10.0.0.1"}; !slices.Equal(seen.hosts, want) {
		t.Errorf("requests went to %v, want %v", seen.hosts, want)
	}
	if n := trip.within(netip.MustParsePrefix("10.0.0.0/31")); n != 3 {
		t.Errorf("%d requests went to 10.0.0.1, want 3", n)
	}
	if want := []string{"10.0.0.3:8080", "10.0.0.3:8080", "10.0.0.3:8080", "10.0.0.3:8080", "a.example"}; !slices.Equal(seen.names, want) {
		t.Errorf("requests were for the hosts %v, want %v", seen.names, want)
	}
}
