// Package fleet knows the member clusters: it finds them, keeps one cache of each, and tells which cannot be asked.
package fleet

import (
	"errors"
	"fmt"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// parseKubeconfig reads the kubeconfig of a member. Whoever may write the Secret must not thereby run a
// program in the operator, read its files, or send its requests somewhere unauthenticated: all that is refused.
func parseKubeconfig(raw []byte) (*rest.Config, error) {
	if len(raw) == 0 {
		return nil, errors.New("the kubeconfig is empty: put it under the key value")
	}
	loaded, err := clientcmd.Load(raw)
	if err != nil {
		return nil, errors.New("the kubeconfig cannot be read: it is not a valid kubeconfig in YAML or JSON")
	}
	for name, user := range loaded.AuthInfos {
		if err := checkUser(user); err != nil {
			return nil, fmt.Errorf("user %q of the kubeconfig: %w", name, err)
		}
	}
	for name, cluster := range loaded.Clusters {
		if err := checkCluster(cluster); err != nil {
			return nil, fmt.Errorf("cluster %q of the kubeconfig: %w", name, err)
		}
	}
	current, found := loaded.Contexts[loaded.CurrentContext]
	if !found {
		return nil, fmt.Errorf("the kubeconfig has no context %q, which is its current-context", loaded.CurrentContext)
	}
	if loaded.Clusters[current.Cluster] == nil || loaded.AuthInfos[current.AuthInfo] == nil {
		return nil, fmt.Errorf("context %q of the kubeconfig names a cluster or user that it does not have", loaded.CurrentContext)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*loaded, loaded.CurrentContext, nil, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	return config, nil
}

func checkUser(user *clientcmdapi.AuthInfo) error {
	switch {
	case user.Exec != nil:
		return errors.New("exec credential plugins are refused: use a client certificate or a token")
	case user.AuthProvider != nil:
		return errors.New("auth providers are refused: use a client certificate or a token")
	case user.ClientCertificate != "" || user.ClientKey != "" || user.TokenFile != "":
		return errors.New("references to files are refused: embed the data (client-certificate-data, client-key-data, token)")
	}
	return nil
}

func checkCluster(cluster *clientcmdapi.Cluster) error {
	server, err := url.Parse(cluster.Server)
	switch {
	case err != nil || server.Scheme != "https" || server.Host == "":
		return errors.New("server must be an https URL")
	case cluster.CertificateAuthority != "":
		return errors.New("references to files are refused: embed certificate-authority-data")
	case cluster.InsecureSkipTLSVerify:
		return errors.New("insecure-skip-tls-verify is refused: embed certificate-authority-data")
	}
	return nil
}
