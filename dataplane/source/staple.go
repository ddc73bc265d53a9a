package source

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// stapleKey is the key of a TLS Secret that holds an OCSP response for its certificate, as DER.
const stapleKey = "tls.ocsp-staple"

// maxStaple bounds an OCSP response. Each handshake carries it.
const maxStaple = 16 << 10

// checkStaple says why bytes are no OCSP response that says something (RFC 6960 section 4.2.1). What it
// says is for clients to judge.
func checkStaple(der []byte) error {
	if len(der) > maxStaple {
		return fmt.Errorf("%d bytes, at most %d", len(der), maxStaple)
	}
	var response struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type     asn1.ObjectIdentifier
			Response []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	rest, err := asn1.Unmarshal(der, &response)
	switch {
	case err != nil:
		return fmt.Errorf("no OCSP response: %w", err)
	case len(rest) > 0:
		return errors.New("something follows the OCSP response")
	case response.Status != 0 || len(response.Bytes.Response) == 0:
		return fmt.Errorf("an OCSP response of status %d", response.Status)
	}
	return nil
}
