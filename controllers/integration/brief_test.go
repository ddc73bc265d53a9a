package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// TestGatewaysThatGoSoonLeaveNothing deletes Gateways at whatever moment of their first passes, before the finalizer and after it.
func TestGatewaysThatGoSoonLeaveNothing(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "brief", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	s.deployed(t, one) // the operator is at work
	const many = 40
	owners := make(chan ir.Owner, many)
	for i := range many {
		go func() { owners <- s.brief(t, fmt.Sprint("brief-", i), rand.N(400*time.Millisecond)) }()
	}
	for range many {
		owner := <-owners
		emptied(t, cloud, owner)
	}
	s.close(t, cloud, one, two)
}

// emptied waits until nothing is left of a Gateway that is gone. That is so at once, but for one that went past the finalizer.
func emptied(t *testing.T, cloud *memory.Cloud, owner ir.Owner) {
	t.Helper()
	eventually(t, "nothing should be left in the cloud", func() string {
		if owned := cloud.Owned(owner); len(owned) > 0 {
			return fmt.Sprintf("of Gateway %s there is %v", owner.Name, owned)
		}
		return ""
	})
}

// brief makes a Gateway, deletes it after a while, and returns whose its front was when it is gone.
func (s shop) brief(t *testing.T, name string, after time.Duration) ir.Owner {
	gateway := &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.key.Namespace},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(s.class),
			Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		},
	}
	ctx := context.Background()
	if err := hub.client.Create(ctx, gateway); err != nil {
		t.Error(err)
	}
	time.Sleep(after)
	if err := hub.client.Delete(ctx, gateway); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := hub.client.Get(ctx, client.ObjectKeyFromObject(gateway), &gatewayv1.Gateway{})
		if apierrors.IsNotFound(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("Gateway %s does not go: %v", name, err)
			break
		}
	}
	return ir.Owner{Hub: hubID, UID: string(gateway.UID), Namespace: gateway.Namespace, Name: name}
}
