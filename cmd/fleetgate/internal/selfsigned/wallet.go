package selfsigned

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
)

// Wallet makes each certificate once, so that a reload of the folder does not change those in use. It is not
// safe for concurrent use.
type Wallet struct {
	Authority *Authority

	pairs map[string]Pair
}

// NewWallet makes a Wallet with an authority of its own.
func NewWallet() (*Wallet, error) {
	a, err := NewAuthority(time.Now())
	if err != nil {
		return nil, err
	}
	return &Wallet{Authority: a, pairs: map[string]Pair{}}, nil
}

// Pair is the certificate of this name for these hostnames.
func (w *Wallet) Pair(name string, hostnames []string) (Pair, error) {
	key := name + " " + strings.Join(hostnames, ",")
	if p, ok := w.pairs[key]; ok {
		return p, nil
	}
	p, err := w.Authority.Issue(hostnames, time.Now())
	if err == nil {
		w.pairs[key] = p
	}
	return p, err
}

// Secrets are those that the folder wants, see Wanted.
func (w *Wallet) Secrets(folder manifest.Folder) ([]*corev1.Secret, error) {
	wanted := Wanted(folder)
	out := make([]*corev1.Secret, 0, len(wanted))
	for _, want := range wanted {
		pair, err := w.Pair(want.Name.String(), want.Hostnames)
		if err != nil {
			return nil, err
		}
		out = append(out, &corev1.Secret{
			APIVersion: "v1", Kind: "Secret", Namespace: want.Name.Namespace, Name: want.Name.Name,
			Type: corev1.SecretTypeTLS,
			Data: map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key},
		})
	}
	return out, nil
}
