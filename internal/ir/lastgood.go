package ir

import "slices"

// Spoilt says that a certificate of the front cannot be read now.
func (f Front) Spoilt() bool {
	return slices.ContainsFunc(f.Ports, func(port FrontPort) bool {
		return slices.ContainsFunc(port.Certificates, func(c Certificate) bool { return c.Spoilt })
	})
}

// LastGood is the front without what no certificate is known for: of Secrets that are spoilt it keeps those whose last
// good certificate the provider still has, as has tells, and of ports that are spoilt those with such a Secret. A front of which no
// port is left was meant to serve and cannot: what is there stays.
func (f Front) LastGood(has func(secret string) bool) Front {
	var ports []FrontPort
	for _, port := range f.Ports {
		var kept []Certificate
		lastGood := false
		for _, certificate := range port.Certificates {
			if certificate.Spoilt && !has(certificate.Secret) {
				continue
			}
			lastGood = lastGood || certificate.Spoilt
			kept = append(kept, certificate)
		}
		if port.Spoilt && !lastGood {
			continue
		}
		port.Certificates = kept
		ports = append(ports, port)
	}
	f.Ports = ports
	return f
}
