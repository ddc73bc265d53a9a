package emulator

import (
	"slices"
	"strings"
)

type certificateRef struct {
	CertificateArn string
	IsDefault      *bool `xml:",omitempty"`
}

type listenersOutput struct {
	Listeners  []listenerXML `xml:"Listeners>member"`
	NextMarker string        `xml:",omitempty"`
}

type listenerXML struct {
	ListenerArn     string
	LoadBalancerArn string
	Port            int
	Protocol        string
	Certificates    []certificateRef `xml:"Certificates>member"`
	SslPolicy       string           `xml:",omitempty"`
	DefaultActions  []listenerAction `xml:"DefaultActions>member"`
	AlpnPolicy      []string         `xml:"AlpnPolicy>member"`
}

func (l *listener) xml() listenerXML {
	out := listenerXML{
		ListenerArn: l.ARN, LoadBalancerArn: l.LoadBalancer, Port: l.Port, Protocol: l.Protocol,
		SslPolicy: l.SSLPolicy, DefaultActions: l.Actions, AlpnPolicy: l.ALPN,
	}
	if l.Certificate != "" {
		out.Certificates = []certificateRef{{CertificateArn: l.Certificate}}
	}
	return out
}

type createListenerInput struct {
	LoadBalancerArn string
	Tags            []tag

	listenerSettings
}

// listenerSettings is the part that CreateListener and ModifyListener share. Zero leaves a setting as it is.
type listenerSettings struct {
	Port           int
	Protocol       string
	SslPolicy      string
	Certificates   []certificateRef
	DefaultActions []listenerAction
	AlpnPolicy     []string
}

// createListener is idempotent for equal settings; another listener on the port is a DuplicateListener.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
func createListener(c *call, in *createListenerInput) (*listenersOutput, error) {
	lb, err := c.r.loadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	l := &listener{LoadBalancer: lb.ARN}
	if l.Tags, err = elbTagErrors.merge(nil, in.Tags); err != nil {
		return nil, err
	}
	if err := c.changeListener(lb, l, in.listenerSettings); err != nil {
		return nil, err
	}
	all := c.r.listenersOf(lb.ARN)
	for _, old := range all {
		if old.Port == l.Port {
			if !old.sameSettings(l) {
				return nil, fail("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", lb.ARN)
			}
			return &listenersOutput{Listeners: []listenerXML{old.xml()}}, nil
		}
	}
	if len(all) >= c.server.opts.quota(QuotaListeners) {
		return nil, fail("TooManyListeners", "The maximum number of listeners of the load balancer has been reached")
	}
	l.ARN = strings.Replace(lb.ARN, ":loadbalancer/", ":listener/", 1) + "/" + elbID(lb.ARN)
	c.r.Listeners[l.ARN] = l
	return &listenersOutput{Listeners: []listenerXML{l.xml()}}, nil
}

func (l *listener) sameSettings(other *listener) bool {
	return string(dump(l.xml().DefaultActions)) == string(dump(other.xml().DefaultActions)) &&
		l.Protocol == other.Protocol && l.SSLPolicy == other.SSLPolicy && l.Certificate == other.Certificate
}

// changeListener applies settings to the listener if the result is one that AWS would have.
func (c *call) changeListener(lb *loadBalancer, l *listener, in listenerSettings) error {
	next := *l
	if in.Port != 0 {
		next.Port = in.Port
	}
	if in.Protocol != "" {
		next.Protocol = in.Protocol
	}
	if in.SslPolicy != "" {
		next.SSLPolicy = in.SslPolicy
	}
	if in.AlpnPolicy != nil {
		next.ALPN = in.AlpnPolicy
	}
	if next.Port < 1 || next.Port > 65535 {
		return fail("ValidationError", "A listener port must be specified, from 1 to 65535")
	}
	if err := c.changeListenerTLS(&next, in.Certificates); err != nil {
		return err
	}
	if in.DefaultActions != nil || len(next.Actions) == 0 {
		actions, err := c.checkActions(lb, in.DefaultActions)
		if err != nil {
			return err
		}
		next.Actions = actions
	}
	*l = next
	return nil
}

// changeListenerTLS holds what HTTPS needs and what HTTP must not have.
func (c *call) changeListenerTLS(l *listener, certificates []certificateRef) error {
	switch l.Protocol {
	case "HTTP":
		if len(certificates) > 0 {
			return fail("ValidationError", "A certificate cannot be specified for HTTP listeners")
		}
		l.Certificate, l.SSLPolicy, l.Extra = "", "", nil
		return nil
	case "HTTPS":
	default:
		return fail("UnsupportedProtocol", "'%s' is not a protocol of application load balancers: [HTTP, HTTPS]", l.Protocol)
	}
	if len(certificates) > 1 {
		return fail("ValidationError", "Only one certificate may be specified; add others with AddListenerCertificates")
	}
	if len(certificates) == 1 {
		l.Certificate = certificates[0].CertificateArn
	}
	if l.Certificate == "" {
		return fail("ValidationError", "A certificate must be specified for HTTPS listeners")
	}
	if c.r.Certificates[l.Certificate] == nil {
		return fail("CertificateNotFound", "Certificate ARN '%s' not found", l.Certificate)
	}
	if l.SSLPolicy == "" {
		l.SSLPolicy = defaultSSLPolicy
	}
	if _, known := sslPolicies[l.SSLPolicy]; !known {
		return fail("SSLPolicyNotFound", "SSL policy '%s' not found", l.SSLPolicy)
	}
	return nil
}

type describeListenersInput struct {
	LoadBalancerArn string
	ListenerArns    []string
	Marker          string
	PageSize        int
}

func describeListeners(c *call, in *describeListenersInput) (*listenersOutput, error) {
	found, err := c.r.pickListeners(in)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *listener) int { return strings.Compare(a.ARN, b.ARN) })
	p, err := paginate(c, found, func(l *listener) string { return l.ARN }, in.Marker, pageSize(in.PageSize, 400))
	if err != nil {
		return nil, err
	}
	out := &listenersOutput{NextMarker: p.marker}
	for _, l := range p.items {
		out.Listeners = append(out.Listeners, l.xml())
	}
	return out, nil
}

func (r *region) pickListeners(in *describeListenersInput) ([]*listener, error) {
	if in.LoadBalancerArn == "" && len(in.ListenerArns) == 0 {
		return nil, fail("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	if in.LoadBalancerArn != "" {
		lb, err := r.loadBalancer(in.LoadBalancerArn)
		if err != nil {
			return nil, err
		}
		return r.listenersOf(lb.ARN), nil
	}
	var out []*listener
	for _, arn := range in.ListenerArns {
		l, err := r.listener(arn)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

type modifyListenerInput struct {
	ListenerArn string

	listenerSettings
}

// modifyListener changes what is named and leaves the rest, the certificates for SNI included.
func modifyListener(c *call, in *modifyListenerInput) (*listenersOutput, error) {
	l, err := c.r.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	for _, other := range c.r.listenersOf(l.LoadBalancer) {
		if other != l && other.Port == in.Port {
			return nil, fail("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", l.LoadBalancer)
		}
	}
	if err := c.changeListener(c.r.LoadBalancers[l.LoadBalancer], l, in.listenerSettings); err != nil {
		return nil, err
	}
	return &listenersOutput{Listeners: []listenerXML{l.xml()}}, nil
}

type listenerRef struct{ ListenerArn string }

func deleteListener(c *call, in *listenerRef) (*done, error) {
	if _, err := c.r.listener(in.ListenerArn); err != nil {
		return nil, err
	}
	delete(c.r.Listeners, in.ListenerArn)
	return &done{}, nil
}
