package stage

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// memberUser is the ServiceAccount that the chart makes in a member for the hub's operator.
const memberUser = "fleetgate-operator"

// registerMembers gives the operator in each member what the chart says that it needs, and no more, and declares
// the member on the hub with that user's kubeconfig.
func (s *Stage) registerMembers(ctx context.Context) error {
	group, each := errgroup.WithContext(ctx)
	for _, member := range s.Fleet.Members {
		group.Go(func() error { return s.grant(each, member) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, member := range s.Fleet.Members {
		limited := *member
		var err error
		if limited.Kubeconfig, err = s.limitedKubeconfig(ctx, member); err != nil {
			return fmt.Errorf("kubeconfig of %s: %w", member.Name, err)
		}
		if err := s.Fleet.RegisterMember(ctx, &limited, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) grant(ctx context.Context, member *testbed.Cluster) error {
	return s.helm(ctx, member, "upgrade", "--install", "fleetgate", "charts/fleetgate", "--namespace", Namespace, "--create-namespace", "--set", "mode=member")
}

// limitedKubeconfig writes a kubeconfig of memberUser and returns its path.
func (s *Stage) limitedKubeconfig(ctx context.Context, member *testbed.Cluster) (string, error) {
	token, err := s.Kubectl(ctx, member, nil, "create", "token", memberUser, "-n", Namespace, "--duration", "24h")
	if err != nil {
		return "", err
	}
	config, err := clientcmd.LoadFromFile(member.Kubeconfig)
	if err != nil {
		return "", err
	}
	for name := range config.AuthInfos {
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(token)}
	}
	path := s.scratch(member.Name + "-operator.kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}
