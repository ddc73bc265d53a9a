// Fleetgate is the command line: a whole gateway on one machine, and what a folder would do before it is applied. As
// kubectl-fleetgate it is a plugin of kubectl.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	if err := cli.Root(version).ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "fleetgate:", err)
		os.Exit(1)
	}
}
