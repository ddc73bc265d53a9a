package source

import (
	"encoding/asn1"
	"log/slog"
	"testing"
)

func TestStaples(t *testing.T) {
	response := func(status int, size int) []byte {
		inside, err := asn1.Marshal(struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		}{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}, make([]byte, size)})
		if err != nil {
			t.Fatal(err)
		}
		all := struct {
			Status asn1.Enumerated
			Bytes  asn1.RawValue `asn1:"optional"`
		}{Status: asn1.Enumerated(status)}
		if size > 0 {
			all.Bytes = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inside}
		}
		der, err := asn1.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	cases := []struct {
		name, reason string
		staple       []byte
		taken        bool
	}{
		{"good", "it is for the client to judge", response(0, 500), true},
		{"failed", "a responder's error helps nobody", response(3, 0), false},
		{"empty", "nor does a response that says nothing", response(0, 0), false},
		{"large", "each handshake would carry it", response(0, 20<<10), false},
		{"text", "PEM is not DER", []byte("-----BEGIN OCSP RESPONSE-----"), false},
		{"trailing", "what is not understood is not sent", append(response(0, 500), 0), false},
		{"none", "most have none", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			pair := keypair{log: slog.New(slog.DiscardHandler)}
			one := secret(t, "web", "one", false)
			one.Data[stapleKey] = c.staple
			pair.put(one)
			got := pair.get()
			if got == nil {
				t.Fatal("the certificate counts whatever its staple is")
			}
			if (len(got.OCSPStaple) > 0) != c.taken {
				t.Fatalf("%s: taken: %v", c.reason, !c.taken)
			}
		})
	}
}
