package admin

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// memberUser is the ServiceAccount that the chart makes in a member for the hub's operator.
const memberUser = "fleetgate-operator"

// RegisterMembers gives the operator in each member what the chart says that it needs, and no more, and declares
// the member on the hub with that user's kubeconfig. The arguments are for the members' chart.
func (a *Admin) RegisterMembers(ctx context.Context, args ...string) error {
	group, each := errgroup.WithContext(ctx)
	for _, member := range a.fleet.Members {
		group.Go(func() error {
			return a.Install(each, member, "fleetgate", append([]string{"--set", "mode=member"}, args...)...)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, member := range a.fleet.Members {
		limited := *member
		var err error
		if limited.Kubeconfig, err = a.limitedKubeconfig(ctx, member); err != nil {
			return fmt.Errorf("kubeconfig of %s: %w", member.Name, err)
		}
		if err := a.fleet.RegisterMember(ctx, &limited, nil); err != nil {
			return err
		}
	}
	return nil
}

// limitedKubeconfig writes a kubeconfig of memberUser and returns its path.
func (a *Admin) limitedKubeconfig(ctx context.Context, member *testbed.Cluster) (string, error) {
	token, err := a.Kubectl(ctx, member, nil, "create", "token", memberUser, "-n", Namespace, "--duration", "24h")
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
	path := filepath.Join(a.fleet.Options().Dir, member.Name+"-operator.kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}
