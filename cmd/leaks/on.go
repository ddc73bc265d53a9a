//go:build leakcheck

package leaks

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// patience is for goroutines that have been told to end and are about to.
const patience = 3 * time.Second

// expected are goroutines of libraries that live as long as the program by design.
var expected = []goleak.Option{
	// Waits for a second signal, which ends the program at once.
	goleak.IgnoreTopFunction("sigs.k8s.io/controller-runtime/pkg/manager/signals.SetupSignalHandler.func1"),
	// Reads from an idle connection to an API server, which client-go keeps. A request that nobody ended has another one.
	goleak.IgnoreAnyFunction("net/http/internal/http2.(*clientConnReadLoop).run"),
}

// Check is called when all has ended that main started. It tells on standard error which goroutines are left, and fails
// if any is.
func Check() error {
	deadline := time.Now().Add(patience)
	err := goleak.Find(expected...)
	for err != nil && time.Now().Before(deadline) {
		err = goleak.Find(expected...)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s\n%v\n", Found, err)
		return errors.New("goroutines are left")
	}
	fmt.Fprintln(os.Stderr, None)
	return nil
}
