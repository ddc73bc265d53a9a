package ground

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const metricsPort = "8080"

// rest is for how long an operator that works has no more goroutines than before when it has started all that it starts.
const rest = 5 * time.Second

var (
	goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)
	leading    = regexp.MustCompile(`(?m)^leader_election_master_status\{[^}]*\} 1$`)
)

// atRest is how many goroutines the operator has when it works and waits for something to do.
func (w *Witness) atRest(ctx context.Context) (int, error) {
	most, since := 0, time.Now()
	err := w.await(ctx, "the operator does not come to rest", func(ctx context.Context) (bool, error) {
		now, err := w.goroutines(ctx)
		if err != nil || now > most {
			most, since = now, time.Now()
		}
		return time.Since(since) > rest, err
	})
	return most, err
}

// goroutines is how many the operator that leads has by its metrics.
func (w *Witness) goroutines(ctx context.Context) (int, error) {
	pods, err := w.seen[0].client.CoreV1().Pods(Namespace).List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return 0, err
	}
	if len(pods.Items) != 1 {
		return 0, fmt.Errorf("%d operators run", len(pods.Items))
	}
	url := "http://" + net.JoinHostPort(pods.Items[0].Status.PodIP, metricsPort) + "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if !leading.Match(text) {
		return 0, errors.New("the operator does not lead")
	}
	found := goroutines.FindSubmatch(text)
	if found == nil {
		return 0, errors.New("the operator has no metric go_goroutines")
	}
	return strconv.Atoi(string(found[1]))
}
