package testbed

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/fleetgate/fleetgate/e2e/testbed/pki"
)

// Names of the certificates of a cluster: <name>.crt and <name>.key in its pki folder.
const (
	authorityName      = "ca"
	signingKeyName     = "service-accounts"
	apiServerCert      = "apiserver"
	kubeletClientCert  = "apiserver-to-kubelet"
	kubeletServingCert = "kubelet"
)

// writeCredentials makes the cluster's authority, certificates and kubeconfigs.
func (c *Cluster) writeCredentials(host netip.Addr) error {
	authority, err := pki.NewAuthority("fleetgate testbed " + c.Name)
	if err != nil {
		return fmt.Errorf("making credentials: %w", err)
	}
	if err := writeSecret(c.cert(authorityName), authority.Cert); err != nil {
		return err
	}
	signing, err := pki.NewSigningKey()
	if err != nil {
		return fmt.Errorf("making credentials: %w", err)
	}
	if err := c.writePair(signingKeyName, signing); err != nil {
		return err
	}
	for name, request := range c.servingCerts(host) {
		pair, err := authority.Issue(request)
		if err != nil {
			return fmt.Errorf("making credentials: %w", err)
		}
		if err := c.writePair(name, pair); err != nil {
			return err
		}
	}
	for file, request := range c.clientCerts() {
		pair, err := authority.Issue(request)
		if err != nil {
			return fmt.Errorf("making credentials: %w", err)
		}
		if err := c.writeKubeconfig(file, authority.Cert, pair); err != nil {
			return err
		}
	}
	return nil
}

// servingCerts are the certificates that servers hold, by name.
func (c *Cluster) servingCerts(host netip.Addr) map[string]pki.Request {
	return map[string]pki.Request{
		apiServerCert: {
			CommonName: "kube-apiserver",
			DNSNames: []string{
				"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
				"kubernetes.default.svc.cluster.local",
			},
			// The Service "kubernetes" has the first address of the range.
			IPs: []net.IP{host.AsSlice(), c.ServiceCIDR.Addr().Next().AsSlice(), net.IPv4(127, 0, 0, 1)},
		},
		kubeletClientCert: {CommonName: "kube-apiserver", Organizations: []string{"system:masters"}},
		kubeletServingCert: {
			CommonName: "system:node:" + c.NodeName,
			DNSNames:   []string{c.NodeName},
			IPs:        []net.IP{c.NodeIP.AsSlice()},
		},
	}
}

// clientCerts are whom kubeconfigs are for, by file.
func (c *Cluster) clientCerts() map[string]pki.Request {
	return map[string]pki.Request{
		c.Kubeconfig: {CommonName: "admin", Organizations: []string{"system:masters"}},
		c.kubeletKubeconfig(): {
			CommonName: "system:node:" + c.NodeName, Organizations: []string{"system:nodes"},
		},
		c.proxyKubeconfig(): {CommonName: "system:kube-proxy"},
	}
}

func (c *Cluster) kubeletKubeconfig() string { return filepath.Join(c.dir, "kubelet.kubeconfig") }
func (c *Cluster) proxyKubeconfig() string   { return filepath.Join(c.dir, "kube-proxy.kubeconfig") }

// cert and key are the files of a certificate.
func (c *Cluster) cert(name string) string { return filepath.Join(c.dir, "pki", name+".crt") }
func (c *Cluster) key(name string) string  { return filepath.Join(c.dir, "pki", name+".key") }

func (c *Cluster) writePair(name string, pair pki.Pair) error {
	if err := writeSecret(c.cert(name), pair.Cert); err != nil {
		return err
	}
	return writeSecret(c.key(name), pair.Key)
}

func (c *Cluster) writeKubeconfig(file string, authority []byte, pair pki.Pair) error {
	config := api.NewConfig()
	config.Clusters[c.Name] = &api.Cluster{
		Server:                   "https://" + c.APIServer.String(),
		CertificateAuthorityData: authority,
	}
	config.AuthInfos["user"] = &api.AuthInfo{ClientCertificateData: pair.Cert, ClientKeyData: pair.Key}
	config.Contexts[c.Name] = &api.Context{Cluster: c.Name, AuthInfo: "user"}
	config.CurrentContext = c.Name
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return writeSecret(file, data)
}

func writeSecret(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}
