package emulator

import "slices"

type listenerCertificatesInput struct {
	ListenerArn  string
	Certificates []certificateRef
	Marker       string
	PageSize     int
}

type listenerCertificatesOutput struct {
	Certificates []certificateRef `xml:"Certificates>member"`
	NextMarker   string           `xml:",omitempty"`
}

// addListenerCertificates adds certificates for SNI. One that is there already is left alone.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
func addListenerCertificates(c *call, in *listenerCertificatesInput) (*listenerCertificatesOutput, error) {
	l, err := c.r.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if l.Protocol != "HTTPS" {
		return nil, fail("UnsupportedProtocol", "Certificates can only be added to secure listeners")
	}
	next := slices.Clone(l.Extra)
	out := &listenerCertificatesOutput{}
	for _, ref := range in.Certificates {
		if ref.IsDefault != nil {
			return nil, fail("ValidationError", "IsDefault cannot be specified; use ModifyListener to set the default certificate")
		}
		if c.r.Certificates[ref.CertificateArn] == nil {
			return nil, fail("CertificateNotFound", "Certificate ARN '%s' not found", ref.CertificateArn)
		}
		if !slices.Contains(next, ref.CertificateArn) {
			next = append(next, ref.CertificateArn)
		}
		no := false
		out.Certificates = append(out.Certificates, certificateRef{ref.CertificateArn, &no})
	}
	total := len(next) - len(l.Extra)
	for _, other := range c.r.listenersOf(l.LoadBalancer) {
		total += len(other.Extra)
	}
	if total > c.server.opts.quota(QuotaCertificates) {
		return nil, fail("TooManyCertificates", "The maximum number of certificates of the load balancer has been reached")
	}
	l.Extra = next
	return out, nil
}

// removeListenerCertificates removes certificates for SNI, and never the default one.
func removeListenerCertificates(c *call, in *listenerCertificatesInput) (*done, error) {
	l, err := c.r.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	for _, ref := range in.Certificates {
		if ref.CertificateArn == l.Certificate && !slices.Contains(l.Extra, l.Certificate) {
			return nil, fail("OperationNotPermitted", "The default certificate cannot be removed from a listener")
		}
	}
	l.Extra = slices.DeleteFunc(slices.Clone(l.Extra), func(arn string) bool {
		return slices.ContainsFunc(in.Certificates, func(ref certificateRef) bool { return ref.CertificateArn == arn })
	})
	return &done{}, nil
}

// describeListenerCertificates lists the default certificate first and, as AWS does, once more if it was added for SNI too.
func describeListenerCertificates(c *call, in *listenerCertificatesInput) (*listenerCertificatesOutput, error) {
	l, err := c.r.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	yes, no := true, false
	var all []certificateRef
	if l.Certificate != "" {
		all = append(all, certificateRef{l.Certificate, &yes})
	}
	for _, arn := range slices.Sorted(slices.Values(l.Extra)) {
		all = append(all, certificateRef{arn, &no})
	}
	key := func(ref certificateRef) string {
		if *ref.IsDefault {
			return "" // sorts first
		}
		return ref.CertificateArn
	}
	p, err := paginate(c, all, key, in.Marker, pageSize(in.PageSize, 400))
	if err != nil {
		return nil, err
	}
	return &listenerCertificatesOutput{Certificates: p.items, NextMarker: p.marker}, nil
}
