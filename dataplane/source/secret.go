package source

import (
	"crypto/tls"
	"log/slog"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// keypair is the certificate of one Secret; a Secret that cannot be read leaves the last good one.
type keypair struct {
	log         *slog.Logger
	mutex       sync.Mutex
	certificate *tls.Certificate
	version     string
}

func (k *keypair) replace(all []*corev1.Secret) {
	if len(all) == 0 {
		k.drop(nil)
		return
	}
	k.put(all[0])
}

// drop takes the certificate out of use: a Secret that was deleted is not to be served any longer.
func (k *keypair) drop(*corev1.Secret) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.certificate, k.version = nil, ""
}

func (k *keypair) put(secret *corev1.Secret) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.version == secret.ResourceVersion && k.version != "" {
		return
	}
	certificate, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		// The error names no key material.
		k.log.Error("certificate not taken; the last good one stays", "secret", secret.Namespace+"/"+secret.Name, "error", err)
		return
	}
	if staple := secret.Data[stapleKey]; len(staple) > 0 {
		if err := checkStaple(staple); err != nil {
			k.log.Error("OCSP staple not taken; the certificate goes without", "secret", secret.Namespace+"/"+secret.Name, "error", err)
		} else {
			certificate.OCSPStaple = staple
		}
	}
	k.certificate, k.version = &certificate, secret.ResourceVersion
}

func (k *keypair) get() *tls.Certificate {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.certificate
}
